using Orleans.Storage;

namespace Loire.Log.Tests.LogSuite;

/// <summary>A store that the log's suite runs on. The suite closes and opens it again to see what is durable.</summary>
public interface ILogStore : IAsyncDisposable
{
    /// <summary>The store as it is now.</summary>
    IGrainStorage Storage { get; }

    /// <summary>Stops the store in an orderly way and starts it again over the same data.</summary>
    Task ReopenAsync();
}
