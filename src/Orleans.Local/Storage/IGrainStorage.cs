using Orleans.Runtime;

namespace Orleans.Storage;

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
