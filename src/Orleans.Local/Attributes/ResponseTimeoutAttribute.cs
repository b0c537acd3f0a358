using System.Globalization;

namespace Orleans;

/// <summary>How long a caller of the method waits for the answer, instead of the configured time.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
{
    /// <summary>The wait; the constructor takes it as text, <c>"00:02:00"</c> for two minutes.</summary>
    public TimeSpan? Timeout { get; init; } = TimeSpan.Parse(timeout, CultureInfo.InvariantCulture);
}
