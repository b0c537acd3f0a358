using Orleans.Runtime;

namespace Orleans
{
    /// <summary>The state of a grain as a storage provider sees it.</summary>
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

        /// <inheritdoc/>
        public T State { get; set; } = default!;

        /// <inheritdoc/>
        public string ETag { get; set; } = null!;

        /// <inheritdoc/>
        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>Reads, writes and clears the state of grains as whole objects, each write conditional on the version last seen.</summary>
    public interface IGrainStorage
    {
        /// <summary>Reads into <paramref name="grainState"/>.</summary>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Writes <paramref name="grainState"/> if storage still holds its ETag, null meaning that it holds nothing.</summary>
        /// <exception cref="InconsistentStateException">It does not.</exception>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Deletes the state if storage still holds its ETag.</summary>
        /// <exception cref="InconsistentStateException">It does not.</exception>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
    }

    /// <summary>A write lost to another one: the ETag that it was conditional on is no longer the stored one.</summary>
    public class InconsistentStateException : Orleans.Runtime.OrleansException
    {
        /// <summary>A loss without known versions.</summary>
        public InconsistentStateException(string message)
            : base(message)
        {
        }

        /// <summary>A loss with both versions.</summary>
        public InconsistentStateException(string message, string? storedEtag, string? currentEtag)
            : base(message) => (StoredEtag, CurrentEtag) = (storedEtag, currentEtag);

        /// <summary>A loss with both versions and the provider's own error.</summary>
        public InconsistentStateException(string message, string? storedEtag, string? currentEtag, Exception storageException)
            : base(message, storageException) => (StoredEtag, CurrentEtag) = (storedEtag, currentEtag);

        /// <summary>The version in storage, if the provider knows it.</summary>
        public string? StoredEtag { get; }

        /// <summary>The version that the write was conditional on.</summary>
        public string? CurrentEtag { get; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>The base of the runtime's own exceptions.</summary>
    public class OrleansException : Exception
    {
        /// <summary>An error with its message.</summary>
        public OrleansException(string message)
            : base(message)
        {
        }

        /// <summary>An error with its cause.</summary>
        public OrleansException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }
}
