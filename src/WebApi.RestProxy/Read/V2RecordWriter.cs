using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Loire.Model;
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

    /// <summary>Whether bytes can stand in a document of this format; in the json format only JSON can.</summary>
    public static bool Fits(EmbeddedFormat format, ReadOnlySpan<byte> bytes, bool isNull)
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

    /// <summary>Begins a record whose key and value fit, and writes all of it but its headers.</summary>
    public static void Begin(
        Utf8JsonWriter json,
        EmbeddedFormat format,
        TopicPartition partition,
        Offset offset,
        Timestamp timestamp,
        ReadOnlySpan<byte> key,
        bool keyIsNull,
        ReadOnlySpan<byte> value,
        bool valueIsNull)
    {
        json.WriteStartObject();
        json.WriteString("topic"u8, partition.Topic.Value);
        WriteField(json, "key"u8, format, key, keyIsNull);
        WriteField(json, "value"u8, format, value, valueIsNull);
        json.WriteNumber("partition"u8, partition.Partition);
        json.WriteNumber("offset"u8, offset.Value);
        json.WriteNumber("timestamp"u8, timestamp.Milliseconds);
    }

    /// <summary>Writes a header; its value is base64 in every format.</summary>
    public static void WriteHeader(Utf8JsonWriter json, string name, ReadOnlySpan<byte> value, bool isNull)
    {
        json.WriteStartObject();
        json.WriteString("key"u8, name);
        WriteField(json, "value"u8, EmbeddedFormat.Binary, value, isNull);
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
