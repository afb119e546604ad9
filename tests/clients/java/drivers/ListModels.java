package drivers;

import com.anthropic.errors.AnthropicException;
import com.anthropic.models.models.ModelListParams;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What a loop over the list of each server gives: ids, or null if the client threw an error. */
final class ListModels {
    private ListModels() {}

    static List<List<String>> list(JsonNode job) {
        ModelListParams params = ModelListParams.builder().limit(job.get("limit").longValue()).build();
        int enough = job.get("at_most").intValue();
        List<List<String>> listed = new ArrayList<>();
        for (JsonNode url : job.get("urls")) {
            Blocking client = new Blocking(url.textValue(), job.get("key").textValue(), 0);
            List<String> ids;
            try {
                ids = client.ids(params, enough);
            } catch (AnthropicException error) {
                ids = null;
            }
            listed.add(ids);
        }
        return listed;
    }
}
