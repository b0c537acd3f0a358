using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Loire.Model.Batches;

namespace Loire.Kafka.Replay.Recordings;

/// <summary>
/// Fills in what the recorded requests take from earlier answers: a text <c>$STEP.path.to.field</c>, to which <c>+1</c> adds. In record batches such
/// values are the producer's id and epoch, after which their checksums are renewed.
/// </summary>
/// <param name="steps">The names of all steps: a text with another name is no reference.</param>
/// <param name="answers">The answers so far, by the names of their steps.</param>
internal sealed partial class References(IReadOnlySet<string> steps, IReadOnlyDictionary<string, JsonNode> answers)
{
    private const int LengthPosition = 8;
    private const int LengthEnd = 12;
    private const int CrcPosition = 17;
    private const int AttributesPosition = 21;
    private const int ProducerIdPosition = 43;
    private const int ProducerEpochPosition = 51;

    /// <summary>A copy of a body with all values in place.</summary>
    /// <exception cref="KeyNotFoundException">An earlier step has not answered what the body needs.</exception>
    public JsonNode? Resolve(JsonNode? body) => body switch
    {
        JsonObject { Count: 2 } records when records["batches"] is JsonArray batches => Batches(batches, records["base64"]!.GetValue<string>()),
        JsonObject fields => new JsonObject(fields.Select(field => KeyValuePair.Create(field.Key, Resolve(field.Value)))),
        JsonArray items => items.Select(Resolve).ToJson(),
        JsonValue value when IsReference(value) => Find(value.GetValue<string>()),
        _ => body?.DeepClone(),
    };

    private bool IsReference(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) && Reference().Match(text) is { Success: true } match
        && steps.Contains(match.Groups["step"].Value);

    private JsonNode Find(string reference)
    {
        var match = Reference().Match(reference);
        JsonNode? found = answers.GetValueOrDefault(match.Groups["step"].Value);
        foreach (var name in match.Groups["path"].Value.Split('.'))
        {
            found = found switch
            {
                JsonArray items when int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < items.Count => items[index],
                JsonObject fields => fields[name],
                _ => null,
            };
        }

        return found is null ? throw new KeyNotFoundException($"No answer has {reference}.")
            : match.Groups["more"].Value is { Length: > 0 } more ? found.GetValue<long>() + long.Parse(more, CultureInfo.InvariantCulture)
            : found.DeepClone();
    }

    private JsonValue Batches(JsonArray descriptions, string base64)
    {
        var bytes = Convert.FromBase64String(base64);
        var rest = bytes.AsSpan();
        foreach (var description in descriptions)
        {
            var batch = rest[..(LengthEnd + BinaryPrimitives.ReadInt32BigEndian(rest[LengthPosition..]))];
            if (IsReference(description!["producerId"]) && description["setProducerId"] is null)
            {
                BinaryPrimitives.WriteInt64BigEndian(batch[ProducerIdPosition..], Find(description.Text("producerId")!).GetValue<long>());
            }

            if (IsReference(description["producerEpoch"]) && description["setProducerEpoch"] is null)
            {
                BinaryPrimitives.WriteInt16BigEndian(batch[ProducerEpochPosition..], Find(description.Text("producerEpoch")!).GetValue<short>());
            }

            if (description["flipLastByte"] is null)
            {
                BinaryPrimitives.WriteUInt32BigEndian(batch[CrcPosition..], Crc32C.Compute(batch[AttributesPosition..]));
            }

            rest = rest[batch.Length..];
        }

        return JsonValue.Create(Convert.ToBase64String(bytes));
    }

    [GeneratedRegex(@"^\$(?<step>[^.]+)\.(?<path>.+?)(?:\+(?<more>\d+))?$")]
    private static partial Regex Reference();
}
