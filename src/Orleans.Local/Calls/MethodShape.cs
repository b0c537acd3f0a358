using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Calls;

/// <summary>The types that a proxy needs for one method of a grain interface.</summary>
internal sealed class MethodShape
{
    public static readonly MethodInfo ToPass =
        typeof(GrainReference).GetMethod(nameof(GrainReference.ToPass), BindingFlags.Static | BindingFlags.NonPublic)!;

    public MethodShape(MethodInfo method)
    {
        Method = method;
        Parameters = [.. method.GetParameters().Select(parameter => parameter.ParameterType)];
        var byReference = Parameters.Any(parameter => parameter.IsByRef || parameter.IsByRefLike);
        if (method.IsSpecialName || method.IsGenericMethodDefinition || byReference)
        {
            throw Illegal(method, "it is a property, an event, generic, or has parameters by reference");
        }

        if (Parameters.Count(parameter => parameter == typeof(CancellationToken)) > 1)
        {
            throw Illegal(method, "it has more than one cancellation token");
        }

        var (result, send, returned) = method.ReturnType switch
        {
            { IsGenericType: true } type when type.GetGenericTypeDefinition() == typeof(ValueTask<>) =>
                (type.GetGenericArguments()[0], nameof(Call<int>.Send), nameof(Results.Same)),
            { IsGenericType: true } type when type.GetGenericTypeDefinition() == typeof(Task<>) =>
                (type.GetGenericArguments()[0], nameof(Call<int>.SendForTask), nameof(Results.FromTask)),
            var type when type == typeof(ValueTask) => (typeof(Nothing), nameof(Call<int>.SendForNothing), nameof(Results.FromNothing)),
            var type when type == typeof(Task) => (typeof(Nothing), nameof(Call<int>.SendForTask), nameof(Results.FromTaskOfNothing)),
            _ => throw Illegal(method, "it returns neither a task nor a value task"),
        };
        CallType = typeof(Call<>).MakeGenericType(result);
        Send = CallType.GetMethod(send)!;
        var definition = typeof(Results).GetMethod(returned)!;
        Returned = definition.IsGenericMethodDefinition ? definition.MakeGenericMethod(result) : definition;
    }

    public MethodInfo Method { get; }

    public Type[] Parameters { get; }

    /// <summary>The base of the class that holds the arguments.</summary>
    public Type CallType { get; }

    /// <summary>The method of <see cref="CallType"/> that returns what the grain method returns.</summary>
    public MethodInfo Send { get; }

    /// <summary>The method that makes the result of <see cref="Call{T}.Invoke"/> of what the grain returns.</summary>
    public MethodInfo Returned { get; }

    private static ArgumentException Illegal(MethodInfo method, string why) =>
        new($"{method.DeclaringType}.{method.Name} cannot be a method of a grain interface: {why}.");
}
