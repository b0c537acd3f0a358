namespace Loire.Client.Avro;

/// <summary>The types as schemas spell them.</summary>
internal static class TypeNames
{
    private static readonly Dictionary<string, AvroType> ByName =
        Enum.GetValues<AvroType>().ToDictionary(type => type.ToString().ToLowerInvariant(), StringComparer.Ordinal);

    private static readonly string[] Names = [.. ByName.OrderBy(pair => pair.Value).Select(pair => pair.Key)];

    public static string Of(AvroType type) => Names[(int)type];

    public static bool IsPrimitive(AvroType type) => type <= AvroType.String;

    /// <summary>The type of a name; a union has none, it is a JSON array.</summary>
    public static bool TryParse(string name, out AvroType type) => ByName.TryGetValue(name, out type) && type != AvroType.Union;
}
