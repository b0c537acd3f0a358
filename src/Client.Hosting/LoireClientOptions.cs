namespace Loire.Client.Hosting;

/// <summary>What all producers and consumers of a host have in common.</summary>
public sealed class LoireClientOptions
{
    /// <summary>Names the host's producers and consumers in logs, metrics and traces, where they have no name of their own.</summary>
    public string ClientId { get; set; } = "loire";
}
