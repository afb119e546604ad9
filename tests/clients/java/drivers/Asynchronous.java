package drivers;

import com.anthropic.client.AnthropicClientAsync;
import com.anthropic.client.okhttp.AnthropicOkHttpClientAsync;
import com.anthropic.core.AutoPagerAsync;
import com.anthropic.models.beta.models.BetaModelInfo;
import com.anthropic.models.models.ModelInfo;
import com.anthropic.models.models.ModelListParams;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The asynchronous client. */
final class Asynchronous implements Client {
    private final AnthropicClientAsync client;

    Asynchronous(String url, String key) {
        client = AnthropicOkHttpClientAsync.builder().baseUrl(url).apiKey(key).maxRetries(0).build();
    }

    @Override
    public Listing list(ModelListParams params) {
        return Listing.of(Client.have(client.models().list(params)));
    }

    @Override
    public String requestId(ModelListParams params) {
        try (var answer = Client.have(client.models().withRawResponse().list(params))) {
            return answer.requestId().orElse(null);
        }
    }

    @Override
    public List<String> ids(ModelListParams params) {
        return ids(Client.have(client.models().list(params)).autoPager(), ModelInfo::id);
    }

    @Override
    public ModelInfo retrieve(String name) {
        return Client.have(client.models().retrieve(name));
    }

    @Override
    public List<String> betaIds(com.anthropic.models.beta.models.ModelListParams params) {
        return ids(Client.have(client.beta().models().list(params)).autoPager(), BetaModelInfo::id);
    }

    @Override
    public BetaModelInfo betaRetrieve(com.anthropic.models.beta.models.ModelRetrieveParams params) {
        return Client.have(client.beta().models().retrieve(params));
    }

    private static <T> List<String> ids(AutoPagerAsync<T> pager, Function<T, String> id) {
        List<String> ids = new ArrayList<>();
        pager.subscribe(model -> ids.add(id.apply(model)));
        Client.have(pager.onCompleteFuture());
        return ids;
    }
}
