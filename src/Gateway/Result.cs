using System.Diagnostics.CodeAnalysis;

namespace SyncCluster.Gateway;

/// <summary>What a step of a request gives: a value, or the problem that the request is answered with.</summary>
internal readonly struct Result<T>
    where T : notnull
{
    private readonly T? _value;
    private readonly Problem? _problem;

    private Result(T? value, Problem? problem)
    {
        _value = value;
        _problem = problem;
    }

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Problem problem) => new(default, problem);

    /// <summary>True with the value; false with the problem.</summary>
    public bool TryGet([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Problem? problem)
    {
        value = _value;
        problem = _problem;
        return problem is null;
    }

    /// <summary>Keeps values that hold secrets out of logs.</summary>
    public override string ToString() => _problem?.Message ?? typeof(T).Name;
}
