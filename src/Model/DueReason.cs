namespace Loire.Model;

/// <summary>Why the log of a closed partition is due to be looked after.</summary>
[GenerateSerializer, Alias("loire.DueReason")]
public enum DueReason
{
    /// <summary>It has not reported, or its report is too old to go by.</summary>
    Unknown = 0,

    /// <summary>Its oldest records reach the age that the topic keeps (<c>retention.ms</c>).</summary>
    Age = 1,

    /// <summary>It has more bytes than the topic keeps (<c>retention.bytes</c>).</summary>
    Size = 2,
}
