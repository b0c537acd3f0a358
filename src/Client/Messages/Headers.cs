using System.Collections;
using System.Text;

namespace Loire.Client;

/// <summary>One header of a record.</summary>
/// <param name="Key">Its name; may be empty, and may occur more than once in a record.</param>
/// <param name="Value">Any bytes; null is a value of its own, as in Kafka.</param>
public readonly record struct Header(string Key, ReadOnlyMemory<byte>? Value)
{
    /// <summary>The value read as UTF-8; null if there is none.</summary>
    public string? Text => Value is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;
}

/// <summary>
/// The headers of a record in their order. Keys may repeat; <see cref="TryGetLast"/> is what most readers want, as in Kafka's own clients.
/// Not thread-safe while it is changed. The headers of a record that was read cannot be changed; a copy of them can.
/// </summary>
public sealed class Headers : IReadOnlyList<Header>
{
    private readonly List<Header> _headers;
    private bool _isReadOnly;

    /// <summary>No headers yet.</summary>
    public Headers() => _headers = [];

    /// <summary>A copy that can be changed.</summary>
    public Headers(IEnumerable<Header> headers) => _headers = [.. headers];

    /// <summary>No headers, for ever: every record without headers has these.</summary>
    public static Headers Empty { get; } = new Headers().Freeze();

    /// <inheritdoc/>
    public int Count => _headers.Count;

    /// <inheritdoc/>
    public Header this[int index] => _headers[index];

    /// <summary>Adds a header at the end. The bytes are not copied.</summary>
    /// <exception cref="InvalidOperationException">The headers are those of a record that was read.</exception>
    public Headers Add(string key, ReadOnlyMemory<byte>? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        Changeable().Add(new Header(key, value));
        return this;
    }

    /// <summary>Adds a header at the end, with a text as UTF-8.</summary>
    /// <exception cref="InvalidOperationException">The headers are those of a record that was read.</exception>
    public Headers Add(string key, string? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        Changeable().Add(new Header(key, value is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(value)));
        return this;
    }

    /// <summary>Removes every header with a key.</summary>
    /// <exception cref="InvalidOperationException">The headers are those of a record that was read.</exception>
    public void Remove(string key) => Changeable().RemoveAll(header => header.Key == key);

    /// <summary>The last header with a key.</summary>
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

    /// <summary>From now on nobody can change them.</summary>
    internal Headers Freeze()
    {
        _isReadOnly = true;
        return this;
    }

    private List<Header> Changeable() => !_isReadOnly ? _headers : throw new InvalidOperationException(
        "The headers of a record that was read cannot be changed; new Headers(headers) makes a copy that can.");
}
