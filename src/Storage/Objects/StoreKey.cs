using System.Text;
using Loire.Model;

namespace Loire.Storage.Objects;

/// <summary>The key of an object: the UTF-8 text of the state name, a zero byte, and the UTF-8 text of the grain id.</summary>
internal static class StoreKey
{
    /// <exception cref="ArgumentException">The key would be too long, or the state name holds a zero character.</exception>
    public static byte[] Encode(string stateName, GrainId grainId)
    {
        ArgumentNullException.ThrowIfNull(stateName);
        var id = grainId.ToString();
        if (stateName.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A state name cannot hold the character U+0000.", nameof(stateName));
        }

        var length = Encoding.UTF8.GetByteCount(stateName) + 1 + Encoding.UTF8.GetByteCount(id);
        if (length > Limits.StorageKeyBytes)
        {
            throw new ArgumentException(
                $"The state name and the grain id take {length} bytes; at most {Limits.StorageKeyBytes} are allowed.", nameof(grainId));
        }

        var key = new byte[length];
        var end = Encoding.UTF8.GetBytes(stateName, key);
        Encoding.UTF8.GetBytes(id, key.AsSpan(end + 1));
        return key;
    }
}

/// <summary>Compares keys by their bytes.</summary>
internal sealed class StoreKeyComparer : IEqualityComparer<byte[]>
{
    public static StoreKeyComparer Instance { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] key)
    {
        var hash = default(HashCode);
        hash.AddBytes(key);
        return hash.ToHashCode();
    }
}
