using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Chains;

/// <summary>What one step of a rewrite has done.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why nothing has changed.</param>
/// <param name="Next">Where the next step continues; after an error, where this one began.</param>
/// <param name="SourceBytes">Bytes of the objects that were read.</param>
/// <param name="WrittenBytes">Bytes of the objects that were written, index pages included.</param>
public readonly record struct RewriteStep(ErrorCode Error, Offset Next, long SourceBytes = 0, long WrittenBytes = 0);

/// <summary>What an object becomes.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the step ends without a change.</param>
/// <param name="Object">The same object, or one with fewer or other items for the same range; null after an error.</param>
internal readonly record struct RewrittenObject(ErrorCode Error, LogObject? Object);
