package drivers;

import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.models.models.ModelListParams;
import java.util.List;

/** What this release of the client does without. */
final class Release {
    private Release() {}

    /** Parameters for models in these stages only; null from a client without such a filter. */
    static ModelListParams filter(ModelListParams.Builder params, List<String> stages) {
        return null;
    }

    static String requestId(AnthropicServiceException error) {
        return error.headers().values("request-id").get(0);
    }
}
