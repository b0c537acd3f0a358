namespace Loire.Log;

/// <summary>How the logs find their store.</summary>
public static class LogStorage
{
    /// <summary>The name under which the host registers the <c>IGrainStorage</c> that keeps logs and journals.</summary>
    public const string ProviderName = "loire";
}
