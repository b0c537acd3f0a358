using System.Text;

namespace Orleans.Runtime;

/// <summary>Text of an identity as UTF-8, with its hash.</summary>
public readonly struct IdSpan : IEquatable<IdSpan>, IComparable<IdSpan>
{
    private readonly byte[]? _value;
    private readonly int _hash;

    /// <summary>Takes the bytes; nobody may change them afterwards.</summary>
    public IdSpan(byte[] value)
    {
        _value = value;
        _hash = Fnv1A(value);
    }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Value => _value;

    /// <summary>Whether there is no text.</summary>
    public bool IsDefault => _value is not { Length: > 0 };

    /// <summary>Makes one from text.</summary>
    public static IdSpan Create(string id) => new(Encoding.UTF8.GetBytes(id));

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> AsSpan() => _value;

    /// <inheritdoc/>
    public bool Equals(IdSpan other) => _value == other._value || (_hash == other._hash && _value.AsSpan().SequenceEqual(other._value));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IdSpan other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <inheritdoc/>
    public int CompareTo(IdSpan other) => _value.AsSpan().SequenceCompareTo(other._value);

    /// <summary>The text.</summary>
    public override string ToString() => _value is null ? "" : Encoding.UTF8.GetString(_value);

    /// <summary>Whether both are the same text.</summary>
    public static bool operator ==(IdSpan left, IdSpan right) => left.Equals(right);

    /// <summary>Whether both are different texts.</summary>
    public static bool operator !=(IdSpan left, IdSpan right) => !left.Equals(right);

    private static int Fnv1A(ReadOnlySpan<byte> bytes)
    {
        var hash = 2166136261;
        foreach (var value in bytes)
        {
            hash = (hash ^ value) * 16777619;
        }

        return (int)hash;
    }
}
