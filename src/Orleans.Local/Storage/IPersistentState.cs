using Orleans.Core;

namespace Orleans.Core
{
    /// <summary>A state of a grain in storage.</summary>
    public interface IStorage
    {
        /// <summary>The version last read or written; null where storage holds none.</summary>
        string? Etag { get; }

        /// <summary>Whether storage held a record when last read or written.</summary>
        bool RecordExists { get; }

        /// <summary>Deletes the state from storage and starts with a new one.</summary>
        Task ClearStateAsync();

        /// <summary>Writes the state.</summary>
        Task WriteStateAsync();

        /// <summary>Replaces the state by the stored one.</summary>
        Task ReadStateAsync();

        /// <inheritdoc cref="ClearStateAsync()"/>
        Task ClearStateAsync(CancellationToken cancellationToken) => ClearStateAsync();

        /// <inheritdoc cref="WriteStateAsync()"/>
        Task WriteStateAsync(CancellationToken cancellationToken) => WriteStateAsync();

        /// <inheritdoc cref="ReadStateAsync()"/>
        Task ReadStateAsync(CancellationToken cancellationToken) => ReadStateAsync();
    }

    /// <summary>A state of a grain in storage.</summary>
    public interface IStorage<TState> : IStorage
    {
        /// <summary>The state in memory.</summary>
        TState State { get; set; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>
    /// A state of a grain, loaded before <c>OnActivateAsync</c>. Asked for by a constructor parameter with <see
    /// cref="PersistentStateAttribute"/>.
    /// </summary>
    public interface IPersistentState<TState> : IStorage<TState>;

    /// <summary>Marks a constructor parameter of a grain class as one of its states.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute : Attribute
    {
        /// <summary>Names the state and the storage provider; without one, the default provider is meant.</summary>
        public PersistentStateAttribute(string stateName, string? storageName = null)
        {
            ArgumentNullException.ThrowIfNull(stateName);
            StateName = stateName;
            StorageName = storageName!;
        }

        /// <summary>The name of the state, unique within the grain.</summary>
        public string StateName { get; }

        /// <summary>The name of the storage provider.</summary>
        public string StorageName { get; }
    }
}
