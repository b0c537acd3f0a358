using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Recordings;

/// <summary>What a step of a scenario says.</summary>
internal static class RecordedStep
{
    /// <summary>What one broker has answered, and how answers varied: it does not belong to what another one is asked.</summary>
    private static readonly HashSet<string> OfAnswer = ["answer", "response", "request", "answerVersion", "answeredAfterMs", "cameBefore", "varies"];

    /// <summary>The name by which others refer to a step: its own, or that of the step whose answer it takes.</summary>
    public static string NameOf(JsonNode step) => step.Text("step") ?? step.Text("await") ?? "raw";

    /// <summary>The connection that it uses.</summary>
    public static string ConnectionOf(JsonNode step) => step.Text("connection") ?? "";

    /// <summary>Whether the recorded broker had closed the connection.</summary>
    public static bool WasClosed(JsonNode step) => step["answer"] is JsonValue text && text.ToString() == "connection closed";

    /// <summary>Whether an answer is to be waited for: where one was recorded, else where the protocol has one.</summary>
    public static bool IsAnswered(JsonObject step, JsonObject body) =>
        step.ContainsKey("answer") || step["waitMs"] is not null || (step["raw"] is null && !(step.Text("api") == "Produce" && body.Int("acks") == 0));

    /// <summary>A copy that an answer can be put into.</summary>
    public static JsonObject WithoutAnswer(JsonObject step) =>
        new(step.Where(field => !OfAnswer.Contains(field.Key)).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
}
