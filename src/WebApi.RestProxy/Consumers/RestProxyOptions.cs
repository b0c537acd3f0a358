namespace Loire.WebApi.RestProxy.Consumers;

/// <summary>Options of the v2 dialect, beside the bounds that it shares with the native API; checked when the host starts.</summary>
public sealed class RestProxyOptions
{
    /// <summary>The meaning of the offset in a commit.</summary>
    public CommitMeaning Commits { get; set; } = CommitMeaning.LastRead;
}
