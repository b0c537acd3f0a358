namespace Orleans.Configuration;

/// <summary>How calls behave.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for an answer before it gets a <see cref="TimeoutException"/>.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a call that timed out also cancels the token that it carries.</summary>
    public bool CancelRequestOnTimeout { get; set; }
}

/// <summary>How calls made by a silo behave.</summary>
public class SiloMessagingOptions : MessagingOptions
{
    /// <summary>How many activations in turn a call may meet that are about to end; it waits for each and fails at the next.</summary>
    public int MaxForwardCount { get; set; } = 2;
}

/// <summary>How calls made by a client behave.</summary>
public class ClientMessagingOptions : MessagingOptions;
