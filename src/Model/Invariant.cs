using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Loire.Model;

/// <summary>
/// Asserts conditions that must hold for any input. Also checked in release builds: a violated invariant is a bug, and continuing could
/// corrupt stored data.
/// </summary>
public static class Invariant
{
    /// <summary>Checks that <paramref name="condition"/> holds.</summary>
    /// <param name="condition">What must be true.</param>
    /// <param name="statement">The invariant in words; by default the text of the condition.</param>
    /// <exception cref="InvariantException">It does not hold.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string statement = "")
    {
        if (!condition)
        {
            Fail(statement);
        }
    }

    [DoesNotReturn]
    private static void Fail(string statement) => throw new InvariantException(statement);
}

/// <summary>A violated invariant: a bug in Loire. The owner of the affected state discards it, and the operation is not retried.</summary>
/// <param name="statement">The invariant in words.</param>
public sealed class InvariantException(string statement) : Exception($"This must hold and does not: {statement}");
