using System.Buffers;
using Avro;

namespace Loire.Client.Avro.Tests;

/// <summary>Writes and reads single values.</summary>
internal static class Wire
{
    public static readonly SerializationContext Context = new(MessageComponent.Value, "orders", null);

    public static byte[] Write<T>(string schema, T value) => Write(Schema.Parse(schema), value);

    public static byte[] Write<T>(Schema schema, T value, AvroSerdeOptions? options = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        new AvroSerde<T>(schema, options).Serialize(value, buffer, Context);
        return buffer.WrittenSpan.ToArray();
    }

    public static T Read<T>(string schema, byte[] bytes) => Read<T>(Schema.Parse(schema), bytes);

    public static T Read<T>(Schema schema, byte[] bytes, AvroSerdeOptions? options = null) =>
        new AvroSerde<T>(schema, options).Deserialize(new ReadOnlySequence<byte>(bytes), Context);

    /// <summary>Writes with one schema and reads with another.</summary>
    public static TRead Resolve<TRead>(string writer, object? value, string reader)
    {
        var schema = Schema.Parse(writer);
        return Read<TRead>(Schema.Parse(reader), Write(schema, value), new AvroSerdeOptions { WriterSchema = schema });
    }

    public static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    public static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
