using System.Collections;
using System.Text;

namespace Loire.Client;

/// <summary>One header of a record.</summary>
/// <param name="Key">The header's name; may be empty, and may occur more than once in a record.</param>
/// <param name="Value">Any bytes; null differs from an empty value, as in Kafka.</param>
public readonly record struct Header(string Key, ReadOnlyMemory<byte>? Value)
{
    /// <summary>The value decoded as UTF-8; null if there is none.</summary>
    public string? Text => Value is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;
}

/// <summary>
/// The headers of a record, in order. Keys may repeat; most readers want <see cref="TryGetLast"/>, as in Kafka's own clients. Not
/// thread-safe for modification. The headers of a consumed record are read-only; a copy of them is not.
/// </summary>
public sealed class Headers : IReadOnlyList<Header>
{
    private readonly List<Header> _headers;
    private bool _isReadOnly;

    /// <summary>Creates an empty collection.</summary>
    public Headers() => _headers = [];

    /// <summary>Creates a modifiable copy.</summary>
    public Headers(IEnumerable<Header> headers) => _headers = [.. headers];

    /// <summary>The read-only empty collection, shared by all records without headers.</summary>
    public static Headers Empty { get; } = new Headers().Freeze();

    /// <inheritdoc/>
    public int Count => _headers.Count;

    /// <inheritdoc/>
    public Header this[int index] => _headers[index];

    /// <summary>Appends a header. The bytes are not copied.</summary>
    /// <exception cref="InvalidOperationException">The headers belong to a consumed record.</exception>
    public Headers Add(string key, ReadOnlyMemory<byte>? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        Changeable().Add(new Header(key, value));
        return this;
    }

    /// <summary>Appends a header whose value is a text, encoded as UTF-8.</summary>
    /// <exception cref="InvalidOperationException">The headers belong to a consumed record.</exception>
    public Headers Add(string key, string? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        Changeable().Add(new Header(key, value is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(value)));
        return this;
    }

    /// <summary>Removes all headers with a key.</summary>
    /// <exception cref="InvalidOperationException">The headers belong to a consumed record.</exception>
    public void Remove(string key) => Changeable().RemoveAll(header => header.Key == key);

    /// <summary>Finds the last header with a key.</summary>
    public bool TryGetLast(string key, out Header header)
    {
        for (var i = _headers.Count - 1; i >= 0; i--)
        {
            if (_headers[i].Key == key)
            {
                header = _headers[i];
                return true;
            }
        }

        header = default;
        return false;
    }

    /// <inheritdoc/>
    public IEnumerator<Header> GetEnumerator() => _headers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Makes the headers read-only.</summary>
    internal Headers Freeze()
    {
        _isReadOnly = true;
        return this;
    }

    private List<Header> Changeable() => !_isReadOnly ? _headers : throw new InvalidOperationException(
        "The headers of a consumed record are read-only; new Headers(headers) makes a modifiable copy.");
}
