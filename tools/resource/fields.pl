# What ./dev new resource and ./dev new field share: files, the syntax of fields, and the line of a field
# in each place. They define refuse().
use strict;
use warnings;

sub slurp {
	open my $file, '<', $_[0] or die "$_[0]: $!\n";
	local $/;
	return scalar <$file>;
}

# Writes the files and prints their names.
sub write_files {
	my (%texts) = @_;

	for (sort keys %texts) {
		open my $out, '>', $_ or die "$_: $!\n";
		print $out $texts{$_};
		close $out or die "$_: $!\n";
		print "$_\n";
	}
}

# The file's text with the match of the pattern (or only the part after \K) replaced by the line.
sub with_line {
	my ($file, $text, $pattern, $line) = @_;

	$text =~ s/$pattern/$line/ or refuse("$file has an unexpected format: found no place to insert " . $line =~ s/\s+/ /gr);
	return $text;
}

sub next_migration {
	my ($newest) = reverse sort map { m{/(\d{14})_} ? $1 : () } glob 'db/migrations/*.sql';
	my ($s, $m, $h, $day, $month, $year) = gmtime;
	my $now = sprintf '%04d%02d%02d%02d%02d%02d', $year + 1900, $month + 1, $day, $h, $m, $s;

	return 'db/migrations/' . ($now > $newest ? $now : $newest + 1);
}

# ---- reserved names

our %c_words = map { $_ => 1 } qw(
	alignas alignof asm auto bool break case char const constexpr continue default do double
	else enum errno extern false float for goto if inline int linux long nullptr register
	restrict return short signed sizeof static stderr stdin stdout struct switch true typedef
	typeof union unix unsigned void volatile while),
	map { split } slurp('include/app/base.h') =~ /GCC poison (.*)/g;

our %sql_words = map { $_ => 1 } qw(
	all analyse analyze and any array as asc asymmetric authorization binary both case cast
	check collate collation column concurrently constraint create cross current_catalog
	current_date current_role current_schema current_time current_timestamp current_user
	default deferrable desc distinct do else end except false fetch for foreign freeze from
	full grant group having ilike in initially inner intersect into is isnull join lateral
	leading left like limit localtime localtimestamp natural not notnull null offset on only
	or order outer overlaps placing primary references returning right select session_user
	similar some symmetric table tablesample then to trailing true union unique user using
	variadic verbose when where window with);

# Columns of every resource, and parameters of every list.
my %own_fields = map { $_ => 1 } qw(id owner_id version created_at updated_at
	cursor sort limit offset q total page part);

sub is_word { return $_[0] =~ /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/ && length $_[0] <= 24 }
sub spaced { return $_[0] =~ s/_/ /gr }

# ---- fields

sub read_limits {
	my ($f, @limits) = @_;

	@$f{qw(min max)} = @limits;
	for (@limits) {
		refuse("$f->{field}: $_ is not an integer of at most 15 digits") unless /^-?\d{1,15}$/;
	}
	refuse("$f->{field}: expected both a minimum and a maximum, such as $f->{type}:0:1000") if @limits == 1;
	refuse("$f->{field}: the maximum $f->{max} is not greater than the minimum $f->{min}")
		if @limits && $f->{max} <= $f->{min};
	$f->{rule} = "$f->{field} BETWEEN $f->{min} AND $f->{max}" if @limits;
}

sub is_in_range { my ($f, $n) = @_; return !defined $f->{min} || $n >= $f->{min} && $n <= $f->{max} }

# For each type: its syntax, its maximum number of arguments, its types in C and SQL, a function that
# parses the arguments, and one that says whether a text can be its default.
my %types = (
	text => [ 'text[:MAX]', 1, 'const char *', 'text', sub {
		my ($f, $max) = @_;

		$max = 200 unless defined $max;
		refuse("$f->{field}: $max is not a valid maximum length: expected a number such as text:200") unless $max =~ /^[1-9]\d{0,6}$/;
		@$f{qw(min max)} = ($f->{null} ? 0 : 1, $max);
		$f->{rule} = $f->{null} ? "char_length($f->{field}) <= $max"
			: "char_length($f->{field}) BETWEEN 1 AND $max";
	}, sub { $_[1] =~ /^[^"'\\[:cntrl:]]+$/ && length $_[1] <= $_[0]{max} } ],
	int => [ 'int[:MIN:MAX]', 2, 'int64_t ', 'bigint', \&read_limits,
		sub { $_[1] =~ /^(0|-?[1-9]\d{0,14})$/ && is_in_range(@_) } ],
	decimal => [ 'decimal[:SCALE[:MIN:MAX]]', 3, 'const char *', 'numeric', sub {
		my ($f, $scale, @limits) = @_;

		$scale = 2 unless defined $scale;
		refuse("$f->{field}: a decimal has 0 to 9 fractional digits, such as decimal:2")
			unless $scale =~ /^\d$/;
		read_limits($f, @limits);
		$f->{scale} = $scale;
		$f->{sql} = "numeric(18, $scale)";
	}, sub { $_[1] =~ ($_[0]{scale} ? qr/^-?\d{1,9}\.\d{$_[0]{scale}}$/ : qr/^-?\d{1,9}$/) && is_in_range(@_) } ],
	bool => [ 'bool', 0, 'bool ', 'boolean', sub { $_[0]{initial} = 'false' },
		sub { $_[1] =~ /^(true|false)$/ } ],
	enum => [ 'enum:FIRST,SECOND,…', 1, 'const char *', 'text', sub {
		my ($f, $list) = @_;
		my @words = split /,/, $list // '', -1;
		my %seen;

		refuse("$f->{field}: an enum needs its choices, the default first: enum:draft,live,gone") unless @words;
		for (@words) {
			refuse("$f->{field}: choice \"$_\": expected lower-case letters, digits and _ (at most 40 characters)")
				unless /^[a-z][a-z0-9_]{0,39}$/;
			refuse("$f->{field}: duplicate choice $_") if $seen{$_}++;
		}
		$f->{words} = \@words;
		$f->{initial} = $words[0];
		$f->{rule} = "$f->{field} IN (" . join(', ', map { "'$_'" } @words) . ')';
	}, sub { my $text = $_[1]; grep { $_ eq $text } @{$_[0]{words}} } ],
	slug => [ 'slug', 0, 'const char *', 'text', sub {
		my ($f) = @_;

		refuse("$f->{field}: a slug is named slug: slug:slug") if $f->{field} ne 'slug';
		refuse("$f->{field}: a slug cannot be null or an array") if $f->{null} || $f->{array};
		$f->{rule} = "char_length($f->{field}) BETWEEN 1 AND 100";
	}, sub { 0 } ],
	uuid => [ 'uuid', 0, 'const char *', 'uuid', sub { }, sub { 0 } ],
	time => [ 'time', 0, 'const char *', 'timestamptz', sub { }, sub { 0 } ],
	date => [ 'date', 0, 'const char *', 'date', sub { }, sub { $_[1] =~ /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$/ } ],
	json => [ 'json', 0, 'const char *', 'jsonb', sub { }, sub { 0 } ],
	ref => [ 'ref:RESOURCES[:cascade|restrict]', 2, 'const char *', 'uuid', sub {
		my ($f, $target, $action) = @_;

		refuse("$f->{field}: a ref needs the resource it refers to, such as ref:categories") unless defined $target;
		refuse("$f->{field}: expected cascade or restrict instead of $action") unless ($action // 'restrict') =~ /^(cascade|restrict)$/;
		$f->{field} .= '_id' unless $f->{field} =~ /_id$/;
		$f->{word} = $target;
		$f->{cascade} = ($action // '') eq 'cascade';
	}, sub { 0 } ],
);

# A resource that exists: with a scope, a table row, and routes.
sub resource {
	my ($names, $name) = @_;
	my $path = $names =~ tr/_/-/r;

	refuse("$names: is a part of the core, not a resource")
		unless slurp('src/features/api_keys/api_keys_scopes.c') =~ /"$path:read"/;
	refuse("$names: src/features/$names/$names.h must declare ${names}_table")
		unless slurp("src/features/$names/$names.h") =~ /\b${names}_table;/;
	my ($base, $access) = slurp("src/features/$names/${names}_routes.c") =~ m(\{ GET, "/([^"]*)/\{(?:id|slug)\}",\s+\w+,\s+(\w+),)
		or refuse("$names: src/features/$names/${names}_routes.c must have a route GET /$path/{id}");
	return { slug => scalar(slurp("src/features/$names/${names}_routes.c") =~ /\{slug\}/), name => $name, word => $name =~ s/_row$//r, names => $names, path => $path, base => $base,
		access => $access eq 'ACCESS_PUBLIC' ? 'public'
			: slurp("src/features/$names/$names.c") =~ /\.readers = EVERYONE/ ? 'shared' : 'own' };
}

# The one with that singular or plural name; undef if there is none.
sub find_resource {
	my ($word, $self) = @_;

	return $self if $word eq $self->{names} || $word eq $self->{word};
	for my $header (glob 'src/features/*/*.h') {
		my ($names) = $header =~ m{/(\w+)/\1\.h$} or next;
		my $text = slurp($header);
		my ($name) = $text =~ /^struct (\w+) \{/m or next;

		next unless $word eq $names || $word eq $name =~ s/_row$//r;
		return resource($names, $name);
	}
	return undef;
}

# The one that a field or a path refers to.
sub find_target {
	my ($word, $self, $what) = @_;
	my $target = find_resource($word, $self) // refuse("$what: there is no resource $word");

	refuse("$what: $target->{names} are nested in another resource, and only their paths say who can see them")
		if $target->{base} ne $target->{path};
	return $target;
}

sub read_field {
	my ($spec, $self) = @_;
	my ($declared, $default) = split /=/, $spec, 2;
	my ($field, $type, @args) = split /:/, $declared, -1;
	my %f = (field => $field, null => 0, array => 0);

	refuse("$spec: expected a field as NAME:TYPE, such as name:text:200") unless defined $type && $type ne '';
	for ($args[-1] // $type) {
		$f{null} = s/\?$//;
		$f{array} = s/\[\]$//;
		$args[-1] = $_ if @args;
		$type = $_ unless @args;
	}
	if (!$types{$type} && !@args && find_resource($type, $self)) {
		@args = ($type);
		$type = 'ref';
	}
	refuse("$field: a field name must start with a lower-case letter and contain only lower-case letters, digits and _ (at most 24 characters)")
		unless is_word($field);
	refuse("$field: reserved word of C: choose another field name") if $c_words{$field};
	refuse("$field: reserved word of SQL: choose another field name") if $sql_words{$field};
	refuse("$field: $type is neither a type nor a resource; the types are: "
		. join(' ', map { $types{$_}[0] } sort keys %types)) unless $types{$type};
	my ($syntax, $max, $c, $sql, $parse, $accepts) = @{$types{$type}};
	refuse("$field: too many arguments, expected $syntax") if @args > $max;
	refuse("$field: arrays of $type are not supported") if $f{array} && $type =~ /^(json|ref)$/;

	@f{qw(type c sql row)} = ($type, $c, $sql, $type eq 'ref' ? 'UUID' : uc $type);
	$parse->(\%f, @args);
	refuse("$f{field}: reserved for a column of every resource or a parameter of every list: choose another field name")
		if $own_fields{$f{field}};
	if (defined $default) {
		refuse("$f{field}: a field with ? or [] has no other default") if $f{null} || $f{array};
		refuse("$f{field}: \"$default\" is not a default for $type") unless $accepts->(\%f, $default);
		$f{initial} = $default;
	}
	$f{target} = find_target($f{word}, $self, $f{field}) if $type eq 'ref';
	$f{initial} = undef if $f{null} || $f{array};
	$f{required} = !$f{null} && !$f{array} && !defined $f{initial};
	return \%f;
}

# ---- the line of a field in each place

sub member {
	my ($f) = @_;
	my $c = $f->{array} ? 'const char *const *' : $f->{null} && $f->{type} =~ /^(int|bool)$/ ? "const $f->{c}*" : $f->{c};
	my $remark = join ', ', @{$f->{words} || []}, $f->{type} =~ /^(decimal|date|json)$/ && !$f->{array} ? $f->{type} : (),
		$f->{null} ? 'or NULL' : ();

	return "\t$c$f->{field};" . ($remark ? " /* $remark */" : '') . "\n";
}

# The arrays that its row points to.
sub arrays {
	my ($f) = @_;
	my $text = '';

	$text .= "static const char *const $f->{field}_choices[] = { " . join(', ', map { "\"$_\"" } @{$f->{words}}) . ", NULL };\n\n"
		if $f->{words};
	return $text unless $f->{array};
	return $text . "static const struct field $f->{field}_item = { .type = TYPE_$f->{row}" . ($f->{words} ? ", .choices = $f->{field}_choices" : '')
		. (defined $f->{scale} ? ", .scale = $f->{scale}" : '')
		. ($f->{type} eq 'text' ? ", .min = 1, .max = $f->{max}" : defined $f->{min} ? ", .min = $f->{min}, .max = $f->{max}" : '') . " };\n\n";
}

sub field_row {
	my ($f, $self) = @_;
	my $of = "struct $self->{name}, $f->{field}";
	my @cells = '.flags = ' . ($f->{parent} ? 'F_READ | F_SET'
		: join ' | ', 'F_RW', $f->{required} ? 'F_REQUIRED' : (), $f->{null} ? 'F_NULLABLE' : ());

	if (!$f->{array}) {
		push @cells, ".choices = $f->{field}_choices" if $f->{words};
		push @cells, ".min = $f->{min}" if $f->{min};
		push @cells, ".max = $f->{max}" if defined $f->{max};
		push @cells, ".default_value = \"$f->{initial}\"" if defined $f->{initial};
		push @cells, "REFERENCES(&$f->{target}{names}_table)" if $f->{target};
		push @cells, '.cascade = true' if $f->{cascade};
	}
	push @cells, '.summary = "' . ucfirst(spaced($f->{target} ? $f->{field} =~ s/_id$//r : $f->{field})) . '."';
	return "\t{ " . ($f->{array} ? "ARRAY($of, &$f->{field}_item)" : $f->{row} eq 'DECIMAL' ? "DECIMAL($of, $f->{scale})" : "$f->{row}($of)")
		. ', ' . join(', ', @cells) . " },\n";
}

sub filter_row {
	my ($f, $self) = @_;

	return "\t{ \"$f->{field}\", \"Only " . spaced($self->{names}) . ' with this '
		. ($f->{type} eq 'bool' ? 'value of ' : '') . spaced($f->{field} =~ s/_id$//r) . ".\" },\n";
}

sub sort_row { return "\t{ \"$_[0]{field}\" },\n" }

sub can_be_filter { my ($f) = @_; return !$f->{array} && $f->{type} ne 'json' }

# A cursor contains the value: at most 1,024 bytes.
sub can_be_sort {
	my ($f) = @_;

	return !$f->{array} && $f->{type} =~ /^(text|enum|int|decimal|time|date)$/ && !($f->{type} eq 'text' && $f->{max} > 256);
}

sub column {
	my ($f, $self) = @_;
	my $default = $f->{array} ? "'{}'" : !defined $f->{initial} ? undef : $f->{type} =~ /^(int|decimal|bool)$/ ? $f->{initial} : "'$f->{initial}'";

	return "$f->{field} $f->{sql}" . ($f->{array} ? '[]' : '') . ($f->{null} ? '' : ' NOT NULL')
		. ($f->{type} eq 'slug' ? ' UNIQUE' : '')
		. (defined $default && !$f->{null} ? " DEFAULT $default" : '')
		. ($f->{rule} && !$f->{array} ? "\n\t\tCONSTRAINT $self->{names}_$f->{field}_check CHECK ($f->{rule})" : '')
		. ($f->{target} ? " REFERENCES $f->{target}{names} (id)" . ($f->{cascade} ? ' ON DELETE CASCADE' : '') : '');
}

# The index for the rows of one owner, parent or other referenced row, in the default order. Deleting the
# referenced row uses it, too.
sub index_of {
	my ($column, $names) = @_;

	return "CREATE INDEX ${names}_of_" . $column =~ s/_id$//r . "_by_created_at ON $names ($column, created_at, id);\n";
}

1;
