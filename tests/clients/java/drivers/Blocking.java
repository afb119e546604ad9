package drivers;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.models.beta.models.BetaModelInfo;
import com.anthropic.models.models.ModelInfo;
import com.anthropic.models.models.ModelListParams;
import java.util.ArrayList;
import java.util.List;

/** The blocking client. */
final class Blocking implements Client {
    private final AnthropicClient client;

    Blocking(String url, String key, int retries) {
        client = AnthropicOkHttpClient.builder().baseUrl(url).apiKey(key).maxRetries(retries).build();
    }

    @Override
    public Listing list(ModelListParams params) {
        return Listing.of(client.models().list(params));
    }

    @Override
    public String requestId(ModelListParams params) {
        try (var answer = client.models().withRawResponse().list(params)) {
            return answer.requestId().orElse(null);
        }
    }

    @Override
    public List<String> ids(ModelListParams params) {
        return ids(params, Integer.MAX_VALUE);
    }

    /** At most {@code enough} ids of a list that may never end. */
    List<String> ids(ModelListParams params, int enough) {
        List<String> ids = new ArrayList<>();
        for (ModelInfo model : client.models().list(params).autoPager()) {
            ids.add(model.id());
            if (ids.size() == enough) {
                break;
            }
        }
        return ids;
    }

    @Override
    public ModelInfo retrieve(String name) {
        return client.models().retrieve(name);
    }

    @Override
    public List<String> betaIds(com.anthropic.models.beta.models.ModelListParams params) {
        return client.beta().models().list(params).autoPager().stream().map(BetaModelInfo::id).toList();
    }

    @Override
    public BetaModelInfo betaRetrieve(com.anthropic.models.beta.models.ModelRetrieveParams params) {
        return client.beta().models().retrieve(params);
    }
}
