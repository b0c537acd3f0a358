using Loire.KafkaGenerator.Schema;

namespace Loire.Kafka.TestKit;

/// <summary>The table of messages, for tests that go by names of fields.</summary>
public static class KafkaSchema
{
    private static readonly Dictionary<string, Message> ByName =
        SchemaTable.Load(Path.Combine(AppContext.BaseDirectory, "schema")).Messages.ToDictionary(message => message.Name);

    /// <summary>A message by its name, such as <c>MetadataRequest</c>.</summary>
    public static Message Of(string name) => ByName[name];
}
