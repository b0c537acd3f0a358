namespace Orleans;

/// <summary>Why an activation ends.</summary>
public readonly struct DeactivationReason
{
    /// <summary>A reason in a sentence.</summary>
    public DeactivationReason(DeactivationReasonCode code, string text)
        : this(code, null, text)
    {
    }

    /// <summary>A reason that has to do with an error.</summary>
    public DeactivationReason(DeactivationReasonCode code, Exception? exception, string text) =>
        (ReasonCode, Exception, Description) = (code, exception, text);

    /// <summary>The kind of reason.</summary>
    public DeactivationReasonCode ReasonCode { get; }

    /// <summary>One sentence for a person.</summary>
    public string Description { get; }

    /// <summary>The error, if there was one.</summary>
    public Exception? Exception { get; }

    /// <inheritdoc/>
    public override string ToString() => Exception is null ? $"{ReasonCode}: {Description}" : $"{ReasonCode}: {Description} {Exception}";
}

/// <summary>The kinds of reasons for which an activation ends.</summary>
public enum DeactivationReasonCode : byte
{
    /// <summary>None given.</summary>
    None,

    /// <summary>The silo stops.</summary>
    ShuttingDown,

    /// <summary>The grain object could not be made, or <c>OnActivateAsync</c> failed.</summary>
    ActivationFailed,

    /// <summary>The grain could not be registered in the directory.</summary>
    DirectoryFailure,

    /// <summary>The grain was not used for long enough.</summary>
    ActivationIdle,

    /// <summary>The grain did not come back from a request.</summary>
    ActivationUnresponsive,

    /// <summary>Another activation of the grain won.</summary>
    DuplicateActivation,

    /// <summary>A request needs another version of the grain.</summary>
    IncompatibleRequest,

    /// <summary>The application failed, for example its state was changed by another.</summary>
    ApplicationError,

    /// <summary>The grain asked for it.</summary>
    ApplicationRequested,

    /// <summary>The grain moves to another silo.</summary>
    Migrating,

    /// <summary>The runtime asked for it.</summary>
    RuntimeRequested,

    /// <summary>Memory runs out.</summary>
    HighMemoryPressure,
}
