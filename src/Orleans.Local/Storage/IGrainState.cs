#nullable disable annotations
namespace Orleans;

/// <summary>
/// The state of a grain as a storage provider sees it. Like the official interface it says nothing of null: an ETag is null where storage
/// holds nothing.
/// </summary>
public interface IGrainState<T>
{
    /// <summary>The state.</summary>
    T State { get; set; }

    /// <summary>The version that storage holds; null where it holds none.</summary>
    string ETag { get; set; }

    /// <summary>Whether storage holds a record.</summary>
    bool RecordExists { get; set; }
}

/// <summary>The plain implementation of <see cref="IGrainState{T}"/>.</summary>
public sealed class GrainState<T> : IGrainState<T>
{
    /// <summary>An empty state.</summary>
    public GrainState()
    {
    }

    /// <summary>A state with a value.</summary>
    public GrainState(T state) => State = state;

    /// <summary>A state with a value and a version.</summary>
    public GrainState(T state, string eTag) => (State, ETag) = (state, eTag);

    /// <inheritdoc/>
    public T State { get; set; }

    /// <inheritdoc/>
    public string ETag { get; set; }

    /// <inheritdoc/>
    public bool RecordExists { get; set; }
}
