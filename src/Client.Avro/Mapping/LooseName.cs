namespace Loire.Client.Avro;

/// <summary>Names that differ in case and underscores only: customer_id, CustomerId.</summary>
internal sealed class LooseName : IEqualityComparer<string>
{
    public static LooseName Comparer { get; } = new();

    public bool Equals(string? x, string? y) => StringComparer.OrdinalIgnoreCase.Equals(Stripped(x), Stripped(y));

    public int GetHashCode(string obj) => StringComparer.OrdinalIgnoreCase.GetHashCode(Stripped(obj)!);

    private static string? Stripped(string? name) => name?.Replace("_", "", StringComparison.Ordinal);
}
