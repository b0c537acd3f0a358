using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Recordings;
using Loire.Model.Batches;

namespace Loire.Kafka.Replay.Tests.Captures;

/// <summary>What the recorded broker chose (ids, epochs, generations), and what stands for it here: learned from each pair of answers, put into each request.</summary>
internal sealed class CapturedIds
{
    private const int BatchLength = 8;
    private const int BatchStart = 12;
    private const int HeaderSize = 61;
    private const int Crc = 17;
    private const int Attributes = 21;
    private const int ProducerId = 43;
    private const int ProducerEpoch = 51;

    /// <summary>Fields with ids that are texts, which mean the same wherever they stand, and with numbers, which do in such fields only.</summary>
    private static readonly HashSet<string> Ids = ["memberId", "leader", "topicId", "producerId", "v3AndBelowProducerId", "sessionId"];

    /// <summary>Fields with numbers that mean something for one group or producer only, by the names that they have in requests.</summary>
    private static readonly HashSet<string> Counts = ["generationId", "generationIdOrMemberEpoch", "memberEpoch", "producerEpoch", "v3AndBelowProducerEpoch"];

    private readonly Dictionary<string, JsonNode> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Owner, long Recorded), long> _counts = [];

    /// <summary>What stands here for a recorded text; the text itself if it is no id.</summary>
    public JsonNode Translate(JsonNode recorded) => _ids.GetValueOrDefault(recorded.ToJsonString(), recorded);

    /// <summary>Learns from the answers to the same request.</summary>
    /// <param name="request">The recorded request.</param>
    /// <param name="pairs">The pairs of the two answers.</param>
    public void Learn(JsonObject request, IEnumerable<(string Path, JsonObject Recorded, JsonObject Got)> pairs)
    {
        foreach (var (_, recorded, got) in pairs)
        {
            foreach (var (name, value) in recorded)
            {
                if (Ids.Contains(name) && IsId(value) && IsId(got[name]))
                {
                    _ids[KeyOf(name, value!)] = got[name]!.DeepClone();
                }
                else if (Counts.Contains(name) && recorded.Long(name) >= 0 && got[name] is not null)
                {
                    _counts[(Owner(name, recorded, request), recorded.Long(name))] = got.Long(name);
                }
            }
        }
    }

    /// <summary>A copy of a recorded request with what stands here.</summary>
    public JsonObject Patch(JsonObject recorded) => Patch(recorded, recorded).AsObject();

    private JsonNode Patch(JsonNode node, JsonObject request)
    {
        switch (node)
        {
            case JsonObject fields:
                var copy = new JsonObject();
                foreach (var (name, value) in fields)
                {
                    copy[name] = name switch
                    {
                        "records" when value is not null => Records(value.ToString()),
                        _ when Counts.Contains(name) && value is not null => _counts.GetValueOrDefault((Owner(name, fields, request), fields.Long(name)), fields.Long(name)),
                        _ when Ids.Contains(name) && value is not null => _ids.GetValueOrDefault(KeyOf(name, value), value).DeepClone(),
                        _ => value is null ? null : Patch(value, request),
                    };
                }

                return copy;
            case JsonArray items:
                return items.Select(item => item is null ? null : Patch(item, request)).ToJson();
            default:
                return Translate(node).DeepClone();
        }
    }

    private JsonValue Records(string base64)
    {
        var bytes = Convert.FromBase64String(base64);
        for (var rest = bytes.AsSpan(); rest.Length >= HeaderSize;)
        {
            var batch = rest[..(BatchStart + BinaryPrimitives.ReadInt32BigEndian(rest[BatchLength..]))];
            var (id, epoch) = (BinaryPrimitives.ReadInt64BigEndian(batch[ProducerId..]), BinaryPrimitives.ReadInt16BigEndian(batch[ProducerEpoch..]));
            if (_ids.TryGetValue($"producerId {id}", out var here))
            {
                BinaryPrimitives.WriteInt64BigEndian(batch[ProducerId..], here.GetValue<long>());
                BinaryPrimitives.WriteInt16BigEndian(batch[ProducerEpoch..], (short)_counts.GetValueOrDefault(($"producer {id}", epoch), epoch));
                BinaryPrimitives.WriteUInt32BigEndian(batch[Crc..], Crc32C.Compute(batch[Attributes..]));
            }

            rest = rest[batch.Length..];
        }

        return JsonValue.Create(Convert.ToBase64String(bytes));
    }

    private static string Owner(string name, JsonObject fields, JsonObject request) =>
        name.EndsWith("roducerEpoch", StringComparison.Ordinal) ? $"producer {fields["producerId"] ?? fields["v3AndBelowProducerId"] ?? request["producerId"]}" : $"group {fields["groupId"] ?? request["groupId"]}";

    private static string KeyOf(string name, JsonNode value) =>
        value.GetValueKind() == JsonValueKind.String ? value.ToJsonString()
        : $"{(name.EndsWith("roducerId", StringComparison.Ordinal) ? "producerId" : name)} {value.ToJsonString()}";

    private static bool IsId(JsonNode? value) => value?.ToJsonString() is not (null or "\"\"" or "-1" or "0" or "\"AAAAAAAAAAAAAAAAAAAAAA\"");
}
