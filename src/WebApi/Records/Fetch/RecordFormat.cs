using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.WebApi.Records.Fetch;

/// <summary>How a key or a value appears in JSON.</summary>
internal enum FieldFormat
{
    /// <summary>A string if the bytes are UTF-8, else the binary form: producing it again gives the same bytes.</summary>
    String,

    /// <summary>The JSON that the bytes are, else as <see cref="String"/>: readable, but a JSON string loses its quotes when produced
    /// again.</summary>
    Json,

    /// <summary>The binary form, always.</summary>
    Binary,
}

/// <summary>Writes records into a response. Made for one response, used by one flow at a time.</summary>
internal abstract class RecordFormat
{
    public virtual void Begin()
    {
    }

    public abstract void Write(int partition, in Record record);

    /// <summary>Gives what was written to the response's pipe, so that it can be flushed.</summary>
    public virtual void Settle()
    {
    }

    public virtual void End()
    {
    }
}

/// <summary>Records as JSON objects: the elements of one array, or a line each.</summary>
internal sealed class JsonFormat(PipeWriter to, FieldFormat keys, FieldFormat values, bool lines) : RecordFormat
{
    // '<' and the like may stand as they are: what is written here is JSON, never part of a page.
    private static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly Utf8JsonWriter _json = new(to, Options);

    public override void Begin()
    {
        if (!lines)
        {
            _json.WriteStartArray();
        }
    }

    public override void Write(int partition, in Record record)
    {
        _json.WriteStartObject();
        WriteBeforeHeaders(partition, record);
        foreach (var header in record.Headers)
        {
            _json.WriteStartObject();
            WriteField("name"u8, header.Key, false, FieldFormat.String);
            WriteField("value"u8, header.Value, header.ValueIsNull, FieldFormat.String);
            _json.WriteEndObject();
        }

        Close();
    }

    /// <summary>Writes a record of any topic, whose name comes first. Bytes of a header's name that are not UTF-8 become
    /// U+FFFD.</summary>
    public void Write(TopicPartition partition, in Record record)
    {
        _json.WriteStartObject();
        _json.WriteString("topic_name"u8, partition.Topic.Value);
        WriteBeforeHeaders(partition.Partition, record);
        foreach (var header in record.Headers)
        {
            _json.WriteStartObject();
            _json.WriteString("name"u8, Encoding.UTF8.GetString(header.Key));
            WriteField("value"u8, header.Value, header.ValueIsNull, FieldFormat.String);
            _json.WriteEndObject();
        }

        Close();
    }

    public override void Settle() => _json.Flush();

    public override void End()
    {
        if (!lines)
        {
            _json.WriteEndArray();
            _json.Flush();
            _json.Reset();
        }
    }

    private void WriteBeforeHeaders(int partition, in Record record)
    {
        _json.WriteNumber("partition"u8, partition);
        _json.WriteNumber("offset"u8, record.Offset.Value);
        _json.WriteNumber("timestamp"u8, record.Timestamp.Milliseconds);
        WriteField("key"u8, record.Key, record.KeyIsNull, keys);
        WriteField("value"u8, record.Value, record.ValueIsNull, values);
        _json.WriteStartArray("headers"u8);
    }

    private void Close()
    {
        _json.WriteEndArray();
        _json.WriteEndObject();
        if (lines)
        {
            _json.Flush();
            _json.Reset();
            to.Write("\n"u8);
        }
    }

    private void WriteField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes, bool isNull, FieldFormat format)
    {
        if (isNull)
        {
            _json.WriteNull(name);
        }
        else if (format == FieldFormat.Json && IsJson(bytes))
        {
            _json.WritePropertyName(name);
            WriteOnOneLine(bytes);
        }
        else if (format != FieldFormat.Binary && Utf8.IsValid(bytes))
        {
            _json.WriteString(name, bytes);
        }
        else
        {
            _json.WriteStartObject(name);
            _json.WriteString("type"u8, "binary"u8);
            _json.WriteBase64String("data"u8, bytes);
            _json.WriteEndObject();
        }
    }

    private static bool IsJson(ReadOnlySpan<byte> bytes)
    {
        // Most text that is not JSON shows it at once, which is cheaper than an exception.
        var start = bytes.TrimStart(" \t\r\n"u8);
        if (start.IsEmpty || !"{[\"-0123456789tfn"u8.Contains(start[0]))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 32 });
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

    // A line break in valid JSON is white space, since within strings it must be escaped; on a line, or in an event, it would end it.
    private void WriteOnOneLine(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.ContainsAny((byte)'\n', (byte)'\r'))
        {
            _json.WriteRawValue(bytes, skipInputValidation: true);
            return;
        }

        var copy = ArrayPool<byte>.Shared.Rent(bytes.Length);
        var line = copy.AsSpan(0, bytes.Length);
        bytes.CopyTo(line);
        line.Replace((byte)'\n', (byte)' ');
        line.Replace((byte)'\r', (byte)' ');
        _json.WriteRawValue(line, skipInputValidation: true);
        ArrayPool<byte>.Shared.Return(copy);
    }
}

/// <summary>One value a line. A record without a value is an empty line, and a value with an LF is several: who needs to tell takes
/// NDJSON.</summary>
internal sealed class TextFormat(PipeWriter to) : RecordFormat
{
    public override void Write(int partition, in Record record)
    {
        var line = to.GetSpan(record.Value.Length + 1);
        record.Value.CopyTo(line);
        line[record.Value.Length] = (byte)'\n';
        to.Advance(record.Value.Length + 1);
    }
}
