package drivers;

import com.anthropic.models.beta.models.BetaModelInfo;
import com.anthropic.models.models.ModelInfo;
import com.anthropic.models.models.ModelListParams;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** What the blocking and the asynchronous client have in common. */
interface Client {
    /** A client that shows every failure. */
    static Client open(String mode, String url, String key) {
        return mode.equals("sync") ? new Blocking(url, key, 0) : new Asynchronous(url, key);
    }

    Listing list(ModelListParams params);

    /** The request id of the answer to a list. */
    String requestId(ModelListParams params);

    /** Every id that the client comes to by itself. */
    List<String> ids(ModelListParams params);

    ModelInfo retrieve(String name);

    List<String> betaIds(com.anthropic.models.beta.models.ModelListParams params);

    BetaModelInfo betaRetrieve(com.anthropic.models.beta.models.ModelRetrieveParams params);

    /** The value of a call; what it failed with is thrown as the blocking client throws it. */
    static <T> T have(CompletableFuture<T> call) {
        try {
            return call.join();
        } catch (CompletionException failure) {
            throw failure.getCause() instanceof RuntimeException cause ? cause : failure;
        }
    }
}
