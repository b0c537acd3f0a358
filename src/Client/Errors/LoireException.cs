using Loire.Model;

namespace Loire.Client;

/// <summary>
/// An operation that Loire refused or failed to complete. Derived types identify the step, <see cref="Code"/> the reason.
/// </summary>
public class LoireException : Exception
{
    /// <param name="code">Kafka's error.</param>
    /// <param name="message">Human-readable detail; null for the error table's text.</param>
    /// <param name="inner">The cause; null if there is none.</param>
    public LoireException(ErrorCode code, string? message = null, Exception? inner = null)
        : base(Text(code, message), inner) => (Code, Detail) = (code, message);

    /// <summary>Kafka's error.</summary>
    public ErrorCode Code { get; }

    /// <summary>The message without Kafka's name of the error; null if it is only the error table's text.</summary>
    internal string? Detail { get; }

    /// <summary>Whether the same request may succeed later (Kafka's own table).</summary>
    public bool IsRetriable => ErrorCodes.Describe(Code).Retriable;

    /// <summary>Whether the object that threw this can no longer be used.</summary>
    public virtual bool IsFatal => false;

    private static string Text(ErrorCode code, string? message)
    {
        var description = ErrorCodes.Describe(code);
        return $"{description.Name}: {message ?? description.Text}";
    }
}
