using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Loire.Edge.Producing;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// Reads one record in JSON. The object knows <c>value</c> (required), <c>key</c>, <c>partition</c>, <c>timestamp</c> and <c>headers</c>, each at
/// most once; <c>offset</c> and <c>topic_name</c>, which say where a fetched record was, are ignored. A key or value that is a string is its characters in UTF-8; null is no key or no value; <c>{"type":"binary","data":base64}</c>
/// is those bytes; any other JSON is its own text, byte for byte.
/// Reused from record to record; the spans are valid until the next one.
/// </summary>
internal sealed class RecordFields
{
    private const int DepthMax = 64;

    private readonly ArrayBufferWriter<byte> _scratch = new(256);
    private readonly List<RecordHeader> _headers = [];
    private Field _key;
    private Field _value;

    /// <summary>How deep JSON may nest; beyond it a record is refused.</summary>
    public static JsonReaderOptions ReaderOptions { get; } = new() { MaxDepth = DepthMax };

    public int? Partition { get; private set; }

    public Timestamp Timestamp { get; private set; }

    /// <summary>The record that was read.</summary>
    /// <param name="source">The JSON that it was read from.</param>
    /// <param name="now">The time of a record that has none.</param>
    public ProducerRecord Record(ReadOnlySpan<byte> source, Timestamp now) => new(
        Timestamp == Timestamp.None ? now : Timestamp,
        _key.Bytes(source, _scratch),
        _key.IsNull,
        _value.Bytes(source, _scratch),
        _value.IsNull,
        CollectionsMarshal.AsSpan(_headers));

    /// <summary>Reads the object at the position of <paramref name="reader"/>.</summary>
    /// <param name="reader">A reader over all of <paramref name="source"/>, standing at the start of an object.</param>
    /// <param name="source">The JSON.</param>
    /// <returns>What is wrong, in one sentence; null if nothing is.</returns>
    /// <exception cref="JsonException">The JSON is malformed.</exception>
    public string? Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> source)
    {
        _scratch.ResetWrittenCount();
        _headers.Clear();
        _key = Field.Null;
        _value = Field.Null;
        Partition = null;
        Timestamp = Timestamp.None;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return "A record must be a JSON object.";
        }

        var seen = Member.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = NameOf(ref reader);
            if (member == Member.None)
            {
                return "A record has only the members key, value, partition, timestamp and headers.";
            }

            if ((seen & member) != 0)
            {
                return $"The member {member.ToString().ToLowerInvariant()} is given twice.";
            }

            seen |= member;
            reader.Read();
            var problem = member switch
            {
                Member.Key => ReadField(ref reader, source, "key", out _key),
                Member.Value => ReadField(ref reader, source, "value", out _value),
                Member.Partition => ReadPartition(ref reader),
                Member.Timestamp => ReadTimestamp(ref reader),
                Member.Offset or Member.TopicName => Ignore(ref reader),
                _ => ReadHeaders(ref reader, source),
            };
            if (problem is not null)
            {
                return problem;
            }
        }

        return (seen & Member.Value) == 0 ? "A record needs the member value; null is a value (a tombstone)." : null;
    }

    private static Member NameOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("value"u8) ? Member.Value
        : reader.ValueTextEquals("key"u8) ? Member.Key
        : reader.ValueTextEquals("partition"u8) ? Member.Partition
        : reader.ValueTextEquals("timestamp"u8) ? Member.Timestamp
        : reader.ValueTextEquals("headers"u8) ? Member.Headers
        : reader.ValueTextEquals("offset"u8) ? Member.Offset
        : reader.ValueTextEquals("topic_name"u8) ? Member.TopicName
        : Member.None;

    private static string? Ignore(ref Utf8JsonReader reader)
    {
        reader.Skip();
        return null;
    }

    private string? ReadField(ref Utf8JsonReader reader, ReadOnlySpan<byte> source, string name, out Field field)
    {
        field = Field.Null;
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.String when !reader.ValueIsEscaped:
                field = new Field((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length, FieldPlace.Source);
                return Utf8.IsValid(reader.ValueSpan) ? null : $"The {name} is not valid UTF-8; send other bytes as {{\"type\":\"binary\",\"data\":base64}}.";
            case JsonTokenType.String:
                return CopyString(ref reader, out field) ? null : $"The {name} is not valid Unicode; send other bytes as {{\"type\":\"binary\",\"data\":base64}}.";
            case JsonTokenType.StartObject when TryReadBinary(ref reader, out field, out var problem):
                return problem is null ? null : $"The {name} {problem}";
            default:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                field = new Field(start, (int)reader.BytesConsumed - start, FieldPlace.Source);
                return Utf8.IsValid(field.Bytes(source, _scratch)) ? null : $"The {name} is not valid UTF-8.";
        }
    }

    // Unescapes into the scratch. An escape can name half of a surrogate pair, which is no character.
    private bool CopyString(ref Utf8JsonReader reader, out Field field)
    {
        var to = _scratch.GetSpan(reader.ValueSpan.Length);
        try
        {
            var length = reader.CopyString(to);
            field = new Field(_scratch.WrittenCount, length, FieldPlace.Scratch);
            _scratch.Advance(length);
            return true;
        }
        catch (InvalidOperationException)
        {
            field = Field.Null;
            return false;
        }
    }

    // True if the object is exactly the binary form, with the reader at its end; false with the reader untouched if it is any other object.
    private bool TryReadBinary(ref Utf8JsonReader reader, out Field field, out string? problem)
    {
        field = Field.Null;
        problem = null;
        var probe = reader;
        var text = reader;
        bool hasType = false, hasData = false;
        while (probe.Read() && probe.TokenType == JsonTokenType.PropertyName)
        {
            var isType = !hasType && probe.ValueTextEquals("type"u8);
            var isData = !hasData && probe.ValueTextEquals("data"u8);
            if (!(isType || isData) || !probe.Read() || probe.TokenType != JsonTokenType.String
                || (isType && !probe.ValueTextEquals("binary"u8)))
            {
                return false;
            }

            hasType |= isType;
            hasData |= isData;
            text = isData ? probe : text;
        }

        if (!hasType || !hasData)
        {
            return false;
        }

        reader = probe;
        var to = _scratch.GetSpan(text.ValueSpan.Length);
        var status = OperationStatus.InvalidData;
        var written = 0;
        if (!text.ValueIsEscaped)
        {
            status = Base64.DecodeFromUtf8(text.ValueSpan, to, out _, out written);
        }
        else if (CopyString(ref text, out var unescaped))
        {
            // Only '/' has a common escape in base64; it is rare enough to be copied once more.
            var characters = unescaped.Bytes(default, _scratch).ToArray();
            to = _scratch.GetSpan(characters.Length);
            status = Base64.DecodeFromUtf8(characters, to, out _, out written);
        }

        if (status != OperationStatus.Done)
        {
            problem = "has the type binary, but its data is not base64 (RFC 4648, with padding).";
            return true;
        }

        field = new Field(_scratch.WrittenCount, written, FieldPlace.Scratch);
        _scratch.Advance(written);
        return true;
    }

    private string? ReadPartition(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var partition) || partition < 0)
        {
            return "The partition must be a whole number, at least 0.";
        }

        Partition = partition;
        return null;
    }

    private string? ReadTimestamp(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        var ok = false;
        if (reader.TokenType == JsonTokenType.Number)
        {
            ok = reader.TryGetInt64(out var milliseconds) && milliseconds >= 0;
            Timestamp = new Timestamp(milliseconds);
        }
        else if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= 64)
        {
            Span<char> text = stackalloc char[64];
            ok = Encoding.UTF8.TryGetChars(reader.ValueSpan, text, out var length) && Timestamp.TryParse(text[..length], out var moment)
                && (Timestamp = moment) != Timestamp.None;
        }

        return ok ? null : $"The timestamp {Timestamp.Expected}.";
    }

    private string? ReadHeaders(ref Utf8JsonReader reader, ReadOnlySpan<byte> source)
    {
        const string Shape = "The headers must be an array of {\"name\":text,\"value\":...}.";
        if (reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return Shape;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            if (_headers.Count == Limits.HeadersPerRecord)
            {
                return $"A record has at most {Limits.HeadersPerRecord} headers.";
            }

            Field? name = null, value = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isName = name is null && reader.ValueTextEquals("name"u8);
                if (!isName && !(value is null && reader.ValueTextEquals("value"u8)))
                {
                    return Shape;
                }

                reader.Read();
                if (isName && reader.TokenType != JsonTokenType.String)
                {
                    return Shape;
                }

                if (ReadField(ref reader, source, isName ? "name of a header" : "value of a header", out var field) is { } problem)
                {
                    return problem;
                }

                name = isName ? field : name;
                value = isName ? value : field;
            }

            if (name is not { } named || value is not { } valued)
            {
                return Shape;
            }

            _headers.Add(new RecordHeader(named.Bytes(source, _scratch).ToArray(), valued.Bytes(source, _scratch).ToArray(), valued.IsNull));
        }

        return reader.TokenType == JsonTokenType.EndArray ? null : Shape;
    }

    [Flags]
    private enum Member
    {
        None = 0,
        Key = 1,
        Value = 2,
        Partition = 4,
        Timestamp = 8,
        Headers = 16,
        Offset = 32,
        TopicName = 64,
    }

    private enum FieldPlace : byte
    {
        Nowhere,
        Source,
        Scratch,
    }

    // Positions instead of spans: the scratch may move while the rest of the record is read.
    private readonly record struct Field(int Start, int Length, FieldPlace Place)
    {
        public static readonly Field Null = new(0, 0, FieldPlace.Nowhere);

        public bool IsNull => Place == FieldPlace.Nowhere;

        public ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> source, ArrayBufferWriter<byte> scratch) => Place switch
        {
            FieldPlace.Source => source.Slice(Start, Length),
            FieldPlace.Scratch => scratch.WrittenSpan.Slice(Start, Length),
            _ => default,
        };
    }
}
