using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.RestProxy.Requests;

namespace Loire.WebApi.RestProxy.Read;

/// <summary>
/// How records stand in an answer: <c>{topic, key, value, partition, offset, timestamp, headers}</c>. The last two are Strimzi's, and
/// headers are there only if a record has some.
/// </summary>
internal static class V2RecordWriter
{
    // How deep a record's JSON may nest. More than any producer here can send in JSON, so that what was produced can be read.
    private const int DepthMax = 256;

    // In the json format only JSON can stand.
    private static bool Fits(EmbeddedFormat format, ReadOnlySpan<byte> bytes, bool isNull)
    {
        if (format != EmbeddedFormat.Json || isNull)
        {
            return true;
        }

        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = DepthMax });
            while (reader.Read())
            {
            }

            return reader.BytesConsumed > 0 && Utf8.IsValid(bytes);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Whether key and value can stand in a document of this format.</summary>
    public static bool Fits(EmbeddedFormat format, in Record record) =>
        Fits(format, record.Key, record.KeyIsNull) && Fits(format, record.Value, record.ValueIsNull);

    /// <summary>Writes a record whose key and value fit. The values of headers are base64 in every format.</summary>
    public static void Write(Utf8JsonWriter json, EmbeddedFormat format, TopicPartition partition, in Record record)
    {
        json.WriteStartObject();
        json.WriteString("topic"u8, partition.Topic.Value);
        WriteField(json, "key"u8, format, record.Key, record.KeyIsNull);
        WriteField(json, "value"u8, format, record.Value, record.ValueIsNull);
        json.WriteNumber("partition"u8, partition.Partition);
        json.WriteNumber("offset"u8, record.Offset.Value);
        json.WriteNumber("timestamp"u8, record.Timestamp.Milliseconds);
        if (record.Headers.Count > 0)
        {
            json.WriteStartArray("headers"u8);
            foreach (var header in record.Headers)
            {
                json.WriteStartObject();
                json.WriteString("key"u8, Encoding.UTF8.GetString(header.Key));
                WriteField(json, "value"u8, EmbeddedFormat.Binary, header.Value, header.ValueIsNull);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>What an answer says of a record that cannot stand in it.</summary>
    public static V2Error Unfit(TopicPartition partition, Offset offset) => new(
        500,
        50002,
        $"The record at offset {offset} of {partition} is not JSON, so it cannot be had in the json format. Go on behind it, or read it in "
            + "the binary format.");

    private static void WriteField(
        Utf8JsonWriter json, ReadOnlySpan<byte> name, EmbeddedFormat format, ReadOnlySpan<byte> bytes, bool isNull)
    {
        json.WritePropertyName(name);
        if (isNull)
        {
            json.WriteNullValue();
            return;
        }

        switch (format)
        {
            case EmbeddedFormat.Json:
                json.WriteRawValue(bytes, skipInputValidation: true);
                break;
            case EmbeddedFormat.Text:
                // Bytes that are no UTF-8 become U+FFFD.
                json.WriteStringValue(Encoding.UTF8.GetString(bytes));
                break;
            default:
                json.WriteBase64StringValue(bytes);
                break;
        }
    }
}
