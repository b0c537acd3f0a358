using Loire.Model;

namespace Loire.Client;

/// <summary>Something that Loire refused or could not do. The derived types say at which step; <see cref="Code"/> says why.</summary>
public class LoireException : Exception
{
    /// <param name="code">Kafka's error.</param>
    /// <param name="message">One sentence about this case; by default the error table's.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public LoireException(ErrorCode code, string? message = null, Exception? inner = null)
        : base(Text(code, message), inner) => (Code, Detail) = (code, message);

    /// <summary>Kafka's error.</summary>
    public ErrorCode Code { get; }

    /// <summary>The message without Kafka's name of the error; null if the error table's text is all.</summary>
    internal string? Detail { get; }

    /// <summary>Whether the same request may succeed later (Kafka's own table).</summary>
    public bool IsRetriable => ErrorCodes.Describe(Code).Retriable;

    /// <summary>Whether whoever threw this cannot be used any more.</summary>
    public virtual bool IsFatal => false;

    private static string Text(ErrorCode code, string? message)
    {
        var description = ErrorCodes.Describe(code);
        return $"{description.Name}: {message ?? description.Text}";
    }
}
