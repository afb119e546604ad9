package drivers;

import com.anthropic.core.ObjectMappers;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * Asks a Models API through Anthropic's Java client, and reports what the client made of the answers.
 *
 * <p>{@code anthropic sync|async}, {@code list} and {@code fake} read a job (JSON) on stdin and print a report (JSON)
 * on stdout. {@code walks URL KEY} reads a query a line and prints its pages a line.
 */
public final class Main {
    /** The client's own mapper: what it writes was read into the client's types. */
    static final JsonMapper JSON = ObjectMappers.jsonMapper();

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "anthropic" -> report(DriveAnthropic.drive(arguments[1], job()));
            case "list" -> report(ListModels.list(job()));
            case "fake" -> report(DriveFake.drive(job()));
            case "walks" -> Walks.walkEach(arguments[1], arguments[2]);
            default -> throw new IllegalArgumentException("no driver is called " + arguments[0]);
        }
        System.exit(0); // the client's threads would live on for a minute
    }

    static JsonNode job() throws Exception {
        return JSON.readTree(System.in);
    }

    static void report(Object value) throws Exception {
        System.out.write(JSON.writeValueAsBytes(value)); // in UTF-8, whatever the locale
        System.out.println();
        System.out.flush();
    }
}
