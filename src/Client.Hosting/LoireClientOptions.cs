namespace Loire.Client.Hosting;

/// <summary>Options shared by all producers and consumers of a host.</summary>
public sealed class LoireClientOptions
{
    /// <summary>The client id of producers and consumers that set none, in logs, metrics and traces.</summary>
    public string ClientId { get; set; } = "loire";
}
