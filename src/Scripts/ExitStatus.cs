namespace SyncCluster.Scripts;

/// <summary>How a process has ended.</summary>
/// <param name="Code">The exit code; null if a signal has ended the process.</param>
/// <param name="Signal">The number of the signal that has ended the process; null if it has ended by itself.</param>
internal readonly record struct ExitStatus(int? Code, int? Signal)
{
    /// <summary>Shells and sandboxes add a signal's number to this to make an exit code.</summary>
    private const int SignalBase = 128;

    /// <summary>The signals of Linux by their numbers, from 1 on.</summary>
    private static readonly string[] Names =
    [
        "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE",
        "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ",
        "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    ];

    /// <summary>The signal's name, as Node gives it; null if the process has ended by itself.</summary>
    public string? SignalName => Signal is { } signal ? NameOf(signal) ?? $"SIG{signal}" : null;

    /// <summary>Reads what <c>waitpid</c> tells about a process that has ended.</summary>
    public static ExitStatus OfWait(int status) => (status & 0x7F) is var signal and not 0 ? new(null, signal) : new((status >> 8) & 0xFF, null);

    /// <summary>
    /// The status of a process that this server has started by way of another program, such as a shell: that can only report a signal as 128 plus
    /// its number. The code is kept: a script may also exit with it by itself.
    /// </summary>
    public ExitStatus ThroughWrapper() => Code - SignalBase is { } signal && Ends(signal) ? this with { Signal = signal } : this;

    private static string? NameOf(int signal) => signal >= 1 && signal <= Names.Length ? Names[signal - 1] : null;

    private static bool Ends(int signal) => NameOf(signal) is not
        (null or "SIGCHLD" or "SIGCONT" or "SIGSTOP" or "SIGTSTP" or "SIGTTIN" or "SIGTTOU" or "SIGURG" or "SIGWINCH");
}
