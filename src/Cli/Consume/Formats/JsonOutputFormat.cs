using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Loire.Model;

namespace Loire.Cli.Consume.Formats;

/// <summary>
/// The HTTP API's JSON for records: one line each, or one array. Bytes that are not text are <c>{"type":"binary","data":base64}</c>.
/// </summary>
/// <param name="lines">Whether each record is one line; otherwise all form one array.</param>
/// <param name="topics">Whether each record has its topic, because there may be several.</param>
internal sealed class JsonOutputFormat(bool lines, bool topics = false) : OutputFormat
{
    private readonly JsonLine _line = new();
    private bool _hasWritten;

    public override void Begin(IBufferWriter<byte> to) => to.Write(lines ? default : "[\n"u8);

    public override void Write(IBufferWriter<byte> to, in ShownRecord record)
    {
        to.Write(lines || !_hasWritten ? default : ",\n"u8);
        _hasWritten = true;
        var json = _line.Begin(to);
        json.WriteStartObject();
        if (topics)
        {
            json.WriteString("topic_name"u8, record.Topic);
        }

        json.WriteNumber("partition"u8, record.Partition);
        json.WriteNumber("offset"u8, record.Offset.Value);
        json.WriteNumber("timestamp"u8, record.Timestamp.Milliseconds);
        JsonLine.Write(json, "key"u8, record.Key, record.KeyIsNull);
        JsonLine.Write(json, "value"u8, record.Value, record.ValueIsNull);
        json.WriteStartArray("headers"u8);
        foreach (var header in record.Headers)
        {
            json.WriteStartObject();
            JsonLine.Write(json, "name"u8, header.Key.Span, false);
            JsonLine.Write(json, "value"u8, header.Value.Span, header.ValueIsNull);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        to.Write(lines ? "\n"u8 : default);
    }

    public override void End(IBufferWriter<byte> to) => to.Write(lines ? default : _hasWritten ? "\n]\n"u8 : "]\n"u8);
}

/// <summary>kcat's <c>-J</c>: its names, headers as one flat array, and text in which invalid UTF-8 is replaced.</summary>
internal sealed class KcatJsonFormat : OutputFormat
{
    private readonly JsonLine _line = new();

    public override void Write(IBufferWriter<byte> to, in ShownRecord record)
    {
        var json = _line.Begin(to);
        json.WriteStartObject();
        json.WriteString("topic"u8, record.Topic);
        json.WriteNumber("partition"u8, record.Partition);
        json.WriteNumber("offset"u8, record.Offset.Value);
        json.WriteString("tstype"u8, record.TimestampType == TimestampType.LogAppendTime ? "logappend"u8 : "create"u8);
        json.WriteNumber("ts"u8, record.Timestamp.Milliseconds);
        json.WriteNumber("broker"u8, 0);
        if (!record.Headers.IsEmpty)
        {
            json.WriteStartArray("headers"u8);
            foreach (var header in record.Headers)
            {
                WriteText(json, header.Key.Span, false);
                WriteText(json, header.Value.Span, header.ValueIsNull);
            }

            json.WriteEndArray();
        }

        json.WritePropertyName("key"u8);
        WriteText(json, record.Key, record.KeyIsNull);
        json.WritePropertyName("payload"u8);
        WriteText(json, record.Value, record.ValueIsNull);
        json.WriteEndObject();
        json.Flush();
        to.Write("\n"u8);
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> bytes, bool isNull)
    {
        if (isNull)
        {
            json.WriteNullValue();
        }
        else if (Utf8.IsValid(bytes))
        {
            json.WriteStringValue(bytes);
        }
        else
        {
            json.WriteStringValue(System.Text.Encoding.UTF8.GetString(bytes));
        }
    }
}

/// <summary>A reusable JSON writer.</summary>
internal sealed class JsonLine
{
    private readonly Utf8JsonWriter _json =
        new(Stream.Null, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes, bool isNull)
    {
        if (isNull)
        {
            json.WriteNull(name);
        }
        else if (Utf8.IsValid(bytes))
        {
            json.WriteString(name, bytes);
        }
        else
        {
            json.WriteStartObject(name);
            json.WriteString("type"u8, "binary"u8);
            json.WriteBase64String("data"u8, bytes);
            json.WriteEndObject();
        }
    }

    public Utf8JsonWriter Begin(IBufferWriter<byte> to)
    {
        _json.Reset(to);
        return _json;
    }
}
