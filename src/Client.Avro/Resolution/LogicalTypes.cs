using Avro;

namespace Loire.Client.Avro;

/// <summary>Compares logical types, which Apache.Avro does not: it would read milliseconds as microseconds.</summary>
internal static class LogicalTypes
{
    /// <exception cref="AvroResolutionException">The types differ, or are decimals of different scale.</exception>
    public static void Check(LogicalSchema writer, LogicalSchema reader)
    {
        if (ReferenceEquals(writer, reader))
        {
            return;
        }

        if (writer.LogicalTypeName != reader.LogicalTypeName || Scale(writer) != Scale(reader))
        {
            throw new AvroResolutionException($"A value of {Name(writer)} cannot be read as {Name(reader)}.");
        }
    }

    private static string Scale(LogicalSchema schema) => schema.GetProperty("scale") ?? "0";

    private static string Name(LogicalSchema schema) =>
        schema.LogicalTypeName == "decimal" ? $"decimal with scale {Scale(schema)}" : schema.LogicalTypeName;
}
