using System.Text.Json.Nodes;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.TestKit;

namespace Loire.Kafka.Tests.Messages;

/// <summary>Every message in every version, by the bytes that Kafka's own codec writes.</summary>
public class VectorTests
{
    public static TheoryData<string> Files() => [.. RecordedFrames.MessageFiles.Where(file => file != RecordedFrames.HeaderFile)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_vector_decodes_to_its_JSON(string file)
    {
        Assert.All(RecordedFrames.Vectors(file), vector =>
        {
            var message = ObjectJson.New(vector.Message);
            var reader = new KafkaReader(vector.Bytes);
            message.Read(ref reader, vector.Version);
            Assert.Equal(0, reader.Remaining);
            Assert.Null(ObjectJson.Difference(message, vector.Body));
        });
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_vector_encodes_to_the_same_bytes(string file)
    {
        Assert.All(RecordedFrames.Vectors(file), vector =>
        {
            var message = ObjectJson.New(vector.Message);
            var reader = new KafkaReader(vector.Bytes);
            message.Read(ref reader, vector.Version);
            AssertHex(vector.Bytes, MessageBytes.Encode(message, vector.Version));
        });
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_table_alone_turns_bytes_into_JSON_and_back(string file)
    {
        Assert.All(RecordedFrames.Vectors(file), vector =>
        {
            var message = new JsonMessage(vector.Message);
            var reader = new KafkaReader(vector.Bytes);
            message.Read(ref reader, vector.Version);
            Assert.Equal(0, reader.Remaining);
            Assert.True(JsonNode.DeepEquals(vector.Body, message.Body), message.Body.ToJsonString());
            AssertHex(vector.Bytes, MessageBytes.Encode(new JsonMessage(vector.Message, vector.Body), vector.Version));
        });
    }

    [Fact]
    public void Every_version_of_the_table_has_a_vector_except_the_oldest_of_Produce()
    {
        var recorded = RecordedFrames.MessageFiles.Where(file => file != RecordedFrames.HeaderFile).SelectMany(RecordedFrames.Vectors)
            .Select(vector => (vector.Message, vector.Version)).ToHashSet();
        foreach (var api in KafkaApi.All)
        {
            for (var version = api.MinVersion; version <= api.MaxVersion; version++)
            {
                if (api.Key != ApiKey.Produce || version > 2)
                {
                    Assert.Contains(($"{api.Name}Request", version), recorded);
                    Assert.Contains(($"{api.Name}Response", version), recorded);
                }
            }
        }
    }

    // Kafka 4.4 has no codec of its own for them any more, only lists them (KIP-896).
    [Theory]
    [InlineData(0, "0000000100017400000001000000070003ffffffffffffffff")]
    [InlineData(1, "0000000100017400000001000000070003ffffffffffffffff00000005")]
    [InlineData(2, "0000000100017400000001000000070003fffffffffffffffffffffffffffffffe00000005")]
    public void Old_versions_of_Produce_can_be_answered(short version, string hex)
    {
        var answer = new JsonMessage("ProduceResponse", JsonNode.Parse(
            $$"""
            {"responses":[{"name":"t","partitionResponses":[{"index":7,"errorCode":3,"baseOffset":-1{{(version >= 2 ? ",\"logAppendTimeMs\":-2" : "")}}}]}]
            {{(version >= 1 ? ",\"throttleTimeMs\":5" : "")}}}
            """)!.AsObject());
        var bytes = MessageBytes.Encode(answer, version);
        Assert.Equal(hex, Convert.ToHexStringLower(bytes));
        var message = ObjectJson.New("ProduceResponse");
        var reader = new KafkaReader(bytes);
        message.Read(ref reader, version);
        Assert.Null(ObjectJson.Difference(message, answer.Body));
        Assert.Equal(hex, Convert.ToHexStringLower(MessageBytes.Encode(message, version)));
    }

    [Fact]
    public void JSON_may_have_fields_of_other_versions_and_lack_some_but_no_others()
    {
        var full = JsonNode.Parse("""{"key":"g","keyType":1,"coordinatorKeys":["a"]}""")!.AsObject();
        Assert.Equal("000167", Convert.ToHexStringLower(MessageBytes.Encode(new JsonMessage("FindCoordinatorRequest", full), 0)));
        Assert.Equal("0102026100", Convert.ToHexStringLower(MessageBytes.Encode(new JsonMessage("FindCoordinatorRequest", full), 4)));
        Assert.Equal("000100", Convert.ToHexStringLower(MessageBytes.Encode(new JsonMessage("FindCoordinatorRequest"), 4)));
        Assert.Throws<ArgumentException>(() => MessageBytes.Encode(new JsonMessage("FindCoordinatorRequest", new JsonObject { ["keys"] = "g" }), 4));
    }

    private static void AssertHex(byte[] expected, byte[] actual) => Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(actual));
}
