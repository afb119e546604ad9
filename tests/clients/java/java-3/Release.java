package drivers;

import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.models.models.ModelListParams;
import java.util.List;

/** What this release of the client has, and older ones have not. */
final class Release {
    private Release() {}

    /** Parameters for models in these stages only; null from a client without such a filter. */
    static ModelListParams filter(ModelListParams.Builder params, List<String> stages) {
        stages.forEach(stage -> params.addLifecycle(ModelListParams.Lifecycle.of(stage)));
        return params.build();
    }

    static String requestId(AnthropicServiceException error) {
        return error.requestId().orElse(null);
    }
}
