namespace Loire.Coordination;

/// <summary>The outcome of a rule: records to make durable and then apply, or a refusal.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or the reason for the refusal; a refusal has no records.</param>
/// <param name="Detail">Human-readable reason for the refusal; null if accepted.</param>
/// <param name="Records">In order; empty if the request is already fulfilled.</param>
public readonly record struct Decision<TRecord>(ErrorCode Error, string? Detail, IReadOnlyList<TRecord> Records)
{
    /// <summary>Accepts the request; it takes effect once the records are durable.</summary>
    public static Decision<TRecord> Accept(params TRecord[] records) => new(ErrorCode.None, null, records);

    /// <summary>Refuses the request; the state does not change.</summary>
    public static Decision<TRecord> Refuse(ErrorCode error, string detail) => new(error, detail, []);
}
