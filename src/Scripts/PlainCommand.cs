using System.Buffers;
using System.Collections.Frozen;

namespace SyncCluster.Scripts;

/// <summary>
/// A command that a shell would only split at white space and run: a program, words without a meaning to the shell, and the script with its
/// arguments. The shell that sets the limits becomes that program, so that its process is the script's: its exit code and its signals are exact.
/// </summary>
internal static class PlainCommand
{
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,:@+");

    /// <summary>The reserved words and built-in commands of POSIX, dash, bash, ksh and busybox.</summary>
    private static readonly FrozenSet<string> ShellWords = FrozenSet.Create(
        StringComparer.Ordinal,
        "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then", "time", "until", "while",
        ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "source", "times", "trap", "unset",
        "alias", "bg", "bind", "builtin", "caller", "cd", "chdir", "command", "compgen", "complete", "compopt", "declare", "dirs", "disown", "echo",
        "enable", "false", "fc", "fg", "getopts", "hash", "help", "history", "jobs", "kill", "let", "local", "logout", "mapfile", "newgrp", "popd",
        "print", "printf", "pushd", "pwd", "read", "readarray", "shopt", "suspend", "test", "true", "type", "typeset", "ulimit", "umask", "unalias",
        "wait", "whence");

    /// <summary>The program's name and its arguments; null if the command needs a shell.</summary>
    /// <param name="runas">Shell text with <c>%script%</c>.</param>
    /// <param name="script">The words that <c>%script%</c> stands for.</param>
    public static IReadOnlyList<string>? Words(string runas, IEnumerable<string> script)
    {
        var words = new List<string>();
        foreach (var word in runas.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word is "%script%" or "\"%script%\"" or "'%script%'")
            {
                words.AddRange(script);
            }
            else if (word.AsSpan().ContainsAnyExcept(Plain))
            {
                return null;
            }
            else
            {
                words.Add(word);
            }
        }

        return words.Count == 0 || ShellWords.Contains(words[0]) ? null : words;
    }
}
