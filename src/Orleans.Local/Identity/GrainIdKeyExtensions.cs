using System.Globalization;

namespace Orleans.Runtime;

/// <summary>Keys that are not text: a number is upper-case hexadecimal, a <see cref="Guid"/> 32 hexadecimal digits.</summary>
public static class GrainIdKeyExtensions
{
    /// <summary>The key for a number.</summary>
    public static IdSpan CreateIntegerKey(long key) => IdSpan.Create(key.ToString("X", CultureInfo.InvariantCulture));

    /// <summary>The key for a <see cref="Guid"/>.</summary>
    public static IdSpan CreateGuidKey(Guid key) => IdSpan.Create(key.ToString("N"));

    /// <summary>The number of a key.</summary>
    /// <exception cref="ArgumentException">The key is none.</exception>
    public static long GetIntegerKey(this GrainId grainId) =>
        long.TryParse(grainId.Key.AsSpan(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var key)
            ? key
            : throw new ArgumentException($"The key of {grainId} is not a number.", nameof(grainId));

    /// <summary>The <see cref="Guid"/> of a key.</summary>
    /// <exception cref="ArgumentException">The key is none.</exception>
    public static Guid GetGuidKey(this GrainId grainId) =>
        Guid.TryParseExact(grainId.Key.ToString(), "N", out var key)
            ? key
            : throw new ArgumentException($"The key of {grainId} is not a Guid.", nameof(grainId));
}
