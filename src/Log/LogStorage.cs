namespace Loire.Log;

/// <summary>The storage provider of logs and journals.</summary>
public static class LogStorage
{
    /// <summary>
    /// The name under which the host registers the <c>IGrainStorage</c> that keeps logs and journals, and the <see cref="IObjectListing"/>
    /// of the same store if it has one.
    /// </summary>
    public const string ProviderName = "loire";

    /// <summary>The state name of every object of a log.</summary>
    internal const string StateName = "loire";
}
