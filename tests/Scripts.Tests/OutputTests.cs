using System.Text;

namespace SyncCluster.Scripts.Tests;

/// <summary>What is kept of a script's output: the log, its tail and its last line.</summary>
public sealed class OutputTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("\n \r\n\t\n", "")]
    [InlineData("one", "one")]
    [InlineData("one\ntwo", "two")]
    [InlineData("one\n  two words  \n", "two words")]
    [InlineData("one\r\ntwo\r\n\r\n \n", "two")]
    [InlineData("\r10 %\r20 %\r", "20 %")]
    [InlineData("10 %\r[\"done\"]\r\n", "[\"done\"]")]
    public void The_last_line_is_the_last_that_is_not_blank(string output, string expected)
    {
        var whole = new LastLineBuffer(100);
        whole.Append(Encoding.UTF8.GetBytes(output));
        var single = new LastLineBuffer(100);
        foreach (var b in Encoding.UTF8.GetBytes(output))
        {
            single.Append([b]);
        }

        Assert.Equal((expected, expected), (whole.Text, single.Text));
    }

    [Fact]
    public void A_last_line_that_is_too_long_is_null_until_another_line_follows()
    {
        var line = new LastLineBuffer(4);
        line.Append("12345"u8);
        Assert.Null(line.Text);
        line.Append("6\n\n"u8);
        Assert.Null(line.Text);
        line.Append("abcd\n"u8);
        Assert.Equal("abcd", line.Text);
    }

    [Fact]
    public void The_buffers_keep_what_a_simple_implementation_finds()
    {
        var random = new Random(20250101);
        const string alphabet = "ab \n\n\t\r";
        for (var round = 0; round < 3000; round++)
        {
            const int capacity = 8;
            var (line, tail, all) = (new LastLineBuffer(1000), new TailBuffer(capacity), new StringBuilder());
            for (var chunks = random.Next(12); chunks > 0; chunks--)
            {
                var chunk = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => alphabet[random.Next(alphabet.Length)]));
                all.Append(chunk);
                line.Append(Encoding.UTF8.GetBytes(chunk));
                tail.Append(Encoding.UTF8.GetBytes(chunk));

                var text = all.ToString();
                Assert.Equal(text.Split('\n', '\r').Select(one => one.Trim()).LastOrDefault(one => one.Length > 0) ?? "", line.Text);
                Assert.Equal(text[Math.Max(0, text.Length - capacity)..], Encoding.UTF8.GetString(tail.ToArray()));
            }
        }
    }

    [Fact]
    public void A_log_that_fits_is_kept_whole()
    {
        var log = new ScriptLog();
        var text = new string('x', ScriptLog.Capacity);
        log.Append(Encoding.UTF8.GetBytes(text));

        Assert.Equal(text, log.Text());
    }

    [Theory]
    [InlineData("x")]
    [InlineData("é")]
    [InlineData("€")]
    [InlineData("👾")]
    public void A_log_that_is_too_long_is_cut_between_characters(string character)
    {
        for (var shift = 0; shift < 4; shift++)
        {
            var log = new ScriptLog();
            var text = new string('-', shift) + string.Concat(Enumerable.Repeat(character, 2_000_000 / Encoding.UTF8.GetByteCount(character))) + "end";
            var bytes = Encoding.UTF8.GetBytes(text);
            log.Append(bytes);
            var cut = log.Text();

            var note = cut.IndexOf("\n[… ", StringComparison.Ordinal);
            var end = cut.IndexOf(" …]\n", StringComparison.Ordinal) + 4;
            var kept = Encoding.UTF8.GetByteCount(cut[..note]) + Encoding.UTF8.GetByteCount(cut[end..]);
            Assert.InRange(Encoding.UTF8.GetByteCount(cut), ScriptLog.Capacity - 200, ScriptLog.Capacity);
            Assert.DoesNotContain('\ufffd', cut);
            Assert.StartsWith(cut[..note], text, StringComparison.Ordinal);
            Assert.EndsWith(cut[end..], text, StringComparison.Ordinal);
            Assert.Equal($"\n[… {bytes.Length - kept} bytes were cut here …]\n", cut[note..end]);
        }
    }

    [Theory]
    [InlineData("\u0001", 400_000)]
    [InlineData("\u0001", 1_000_000)]
    [InlineData("\u0001", 2_000_000)]
    [InlineData("\u001b[0m", 300_000)]
    [InlineData("é\u0001", 600_000)]
    public void A_log_of_control_characters_is_cut_to_what_may_be_stored(string text, int count)
    {
        var log = new ScriptLog();
        var all = "begin\n" + string.Concat(Enumerable.Repeat(text, count)) + "\nend";
        log.Append(Encoding.UTF8.GetBytes(all));
        var cut = log.Text();

        Assert.InRange(StoredText.Length(Encoding.UTF8.GetBytes(cut)), ScriptLog.StoredCapacity / 2, ScriptLog.StoredCapacity);
        Assert.StartsWith("begin\n", cut, StringComparison.Ordinal);
        Assert.EndsWith("\nend", cut, StringComparison.Ordinal);
        Assert.DoesNotContain('\ufffd', cut);
        var (note, missing) = LogCut.Find(cut)!.Value;
        Assert.StartsWith(cut[..note.Start.Value], all, StringComparison.Ordinal);
        Assert.EndsWith(cut[note.End.Value..], all, StringComparison.Ordinal);
        Assert.Equal(
            Encoding.UTF8.GetByteCount(all), Encoding.UTF8.GetByteCount(cut[..note.Start.Value]) + missing + Encoding.UTF8.GetByteCount(cut[note.End.Value..]));
    }

    [Fact]
    public void A_log_of_quotes_and_line_breaks_is_kept_whole()
    {
        var log = new ScriptLog();
        var text = string.Concat(Enumerable.Repeat("\"\\\n\t", ScriptLog.Capacity / 4));
        log.Append(Encoding.UTF8.GetBytes(text));
        Assert.Equal(text, log.Text());
    }

    [Fact]
    public void Bytes_that_are_no_text_do_not_exceed_the_limit_of_the_log()
    {
        var random = new Random(7);
        foreach (var length in (int[])[ScriptLog.Capacity / 2, ScriptLog.Capacity, 3 * ScriptLog.Capacity])
        {
            var log = new ScriptLog();
            var bytes = new byte[length];
            random.NextBytes(bytes);
            log.Append(bytes);

            Assert.InRange(Encoding.UTF8.GetByteCount(log.Text()), ScriptLog.Capacity / 2, ScriptLog.Capacity);
        }
    }

    [Fact]
    public void A_log_whose_text_is_longer_than_its_bytes_keeps_its_beginning_and_its_end()
    {
        foreach (var garbage in (int[])[350_000, 400_000, ScriptLog.Capacity / 2, ScriptLog.Capacity - 10])
        {
            var log = new ScriptLog();
            byte[] bytes = [.. "begin\n"u8, .. Enumerable.Repeat((byte)0xFF, garbage), .. "\nend"u8];
            log.Append(bytes);
            var text = log.Text();

            Assert.InRange(Encoding.UTF8.GetByteCount(text), ScriptLog.Capacity - 200, ScriptLog.Capacity);
            Assert.StartsWith("begin\n\ufffd", text, StringComparison.Ordinal);
            Assert.EndsWith("\ufffd\nend", text, StringComparison.Ordinal);
            var kept = text.Count(character => character == '\ufffd');
            Assert.Contains($"[… {Encoding.UTF8.GetByteCount("\ufffd") * (garbage - kept)} bytes were cut here …]", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_endless_log_takes_bounded_memory()
    {
        var log = new ScriptLog();
        var piece = Enumerable.Repeat((byte)'x', 65536).ToArray();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 3000; i++)
        {
            log.Append(piece);
        }

        // Half a MiB for the head, half a MiB for the tail, and two MiB for the line; the arrays that they outgrew count as well.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 6 << 20);
    }

    [Fact]
    public void White_space_after_a_line_that_just_fits_takes_no_memory()
    {
        const int capacity = 4096;
        var line = new LastLineBuffer(capacity);
        line.Append(Enumerable.Repeat((byte)'x', capacity).ToArray());
        var before = GC.GetAllocatedBytesForCurrentThread();

        line.Append("   "u8);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
