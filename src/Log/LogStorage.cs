namespace Loire.Log;

/// <summary>The storage provider of logs and journals.</summary>
public static class LogStorage
{
    /// <summary>The name under which the host registers the <c>IGrainStorage</c> that keeps logs and journals.</summary>
    public const string ProviderName = "loire";
}
