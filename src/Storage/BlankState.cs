namespace Loire.Storage;

/// <summary>
/// The state of a grain without a stored one: a new instance if the type has a constructor without parameters, otherwise the type's
/// default.
/// </summary>
internal static class BlankState<T>
{
    private static readonly bool _canCreate = typeof(T).IsValueType || typeof(T).GetConstructor(Type.EmptyTypes) is not null;

    public static T Create() => _canCreate ? Activator.CreateInstance<T>() : default!;
}
