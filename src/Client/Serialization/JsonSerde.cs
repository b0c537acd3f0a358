using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Loire.Client;

/// <summary>JSON in UTF-8, using System.Text.Json. A record holds exactly one JSON value.</summary>
/// <typeparam name="T">The type of keys or values.</typeparam>
public sealed class JsonSerde<T> : ISerializer<T>, IDeserializer<T>
{
    private readonly JsonTypeInfo<T> _type;
    private readonly JsonWriterOptions _writing;
    private readonly JsonReaderOptions _reading;

    /// <summary>Uses source-generated metadata: no reflection, compatible with trimming.</summary>
    public JsonSerde(JsonTypeInfo<T> type)
    {
        ArgumentNullException.ThrowIfNull(type);
        _type = type;
        _writing = new JsonWriterOptions
        {
            Encoder = type.Options.Encoder,
            Indented = type.Options.WriteIndented,
            MaxDepth = type.Options.MaxDepth,
            SkipValidation = true,
        };
        _reading = new JsonReaderOptions
        {
            AllowTrailingCommas = type.Options.AllowTrailingCommas,
            CommentHandling = type.Options.ReadCommentHandling,
            MaxDepth = type.Options.MaxDepth,
        };
    }

    /// <summary>Uses reflection; property names are unchanged unless the options specify otherwise.</summary>
    [RequiresUnreferencedCode("The properties of the type are found by reflection. Use a JsonTypeInfo<T> in trimmed programs.")]
    [RequiresDynamicCode("The properties of the type are found by reflection. Give a JsonTypeInfo<T> where nothing can be compiled.")]
    public JsonSerde(JsonSerializerOptions? options = null)
        : this(ByReflection(options ?? JsonSerializerOptions.Default))
    {
    }

    /// <inheritdoc/>
    public void Serialize(T value, IBufferWriter<byte> destination, in SerializationContext context)
    {
        // Taken out and put back, because a converter may serialize with another instance meanwhile.
        var writer = JsonWriterCache.Take(destination, _writing);
        JsonSerializer.Serialize(writer, value, _type);
        JsonWriterCache.Return(writer, _writing);
    }

    /// <inheritdoc/>
    public T Deserialize(in ReadOnlySequence<byte> data, in SerializationContext context)
    {
        var reader = data.IsSingleSegment ? new Utf8JsonReader(data.FirstSpan, _reading) : new Utf8JsonReader(data, _reading);
        var value = JsonSerializer.Deserialize(ref reader, _type)!;

        // Throws if anything but white space follows.
        reader.Read();
        return value;
    }

    // Like JsonSerializer itself does on first use of options.
    [RequiresUnreferencedCode("The properties of the type are found by reflection.")]
    [RequiresDynamicCode("The properties of the type are found by reflection.")]
    private static JsonTypeInfo<T> ByReflection(JsonSerializerOptions options)
    {
        options.MakeReadOnly(populateMissingResolver: true);
        return (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
    }
}

/// <summary>Caches one writer per thread.</summary>
internal static class JsonWriterCache
{
    [ThreadStatic]
    private static (Utf8JsonWriter Writer, JsonWriterOptions Options)? _cached;

    public static Utf8JsonWriter Take(IBufferWriter<byte> destination, JsonWriterOptions options)
    {
        if (_cached is not { } cached || !cached.Options.Equals(options))
        {
            return new Utf8JsonWriter(destination, options);
        }

        _cached = null;
        cached.Writer.Reset(destination);
        return cached.Writer;
    }

    public static void Return(Utf8JsonWriter writer, JsonWriterOptions options)
    {
        writer.Flush();
        writer.Reset(Stream.Null);
        _cached = (writer, options);
    }
}
